// The reader's time zone and theme, told to the server in two cookies, so that each page comes as they want it.
export function keepLook() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone !== document.body.dataset.zone && !sessionStorage.getItem("im-zone")) {
    sessionStorage.setItem("im-zone", zone); // once: a zone that the server does not know is not asked for again and again
    keep("im_zone", zone);
    location.reload();
  }
  document.addEventListener("change", (event) => {
    if (event.target.name !== "theme") return;
    document.documentElement.dataset.theme = event.target.value;
    keep("im_theme", event.target.value);
  });
}

function keep(name, value) {
  const safe = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${safe}`;
}
