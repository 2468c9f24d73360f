// Everything here makes the page quicker to use; it works without.
import { keepTime } from "./clock.js";
import { watchDialogs } from "./dialog.js";
import { watchChoices } from "./choose.js";
import { watchKeys } from "./keys.js";
import { keepLook } from "./look.js";
import { watchCopies, watchMenus } from "./small.js";
import { follow } from "./stream.js";

document.documentElement.classList.add("live-script");
keepLook();
keepTime();
watchDialogs();
watchChoices();
watchKeys();
watchCopies();
watchMenus();
follow();
