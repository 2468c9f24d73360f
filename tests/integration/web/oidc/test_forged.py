"""What an identity provider has not proved, or somebody else has, lets nobody in."""

from __future__ import annotations

import time

from joserfc.jwk import OctKey, RSAKey

from im.services.people import users
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api
from tests.integration.web.oidc.provider import Provider
from tests.integration.web.oidc.ways import SECRET, forget, nobody_is_in, through

FORGED: dict[str, dict[str, object]] = {
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "somebody-else"}},
    "another audience, for us by azp": {"claims": {"aud": "somebody-else", "azp": "im"}},
    "several audiences, for another": {"claims": {"aud": ["im", "other"], "azp": "other"}},
    "no audience": {"claims": {"aud": None}},
    "expired": {"claims": {"exp": int(time.time()) - 300}},
    "never expires": {"claims": {"exp": None}},
    "not yet": {"claims": {"nbf": int(time.time()) + 3600}},
    "issued tomorrow": {"claims": {"iat": int(time.time()) + 86400}},
    "another nonce": {"claims": {"nonce": "x"}},
    "no nonce": {"claims": {"nonce": None}},
    "says that it knows no nonce": {"claims": {"nonce": None, "nonce_supported": False}},
    "no subject": {"claims": {"sub": None}},
    "empty subject": {"claims": {"sub": ""}},
    "another access token": {"claims": {"at_hash": "x"}},
    "signed by nobody": {"header": {"alg": "none"}},
    "signed by nobody, which its document allows": {
        "header": {"alg": "none"},
        "document": {"id_token_signing_alg_values_supported": ["none", "RS256"]},
    },
    "signed by a key that is not its own": {"key": RSAKey.generate_key(2048, private=True), "claims": {"x": "y"}},
    "signed by our secret": {"key": OctKey.import_key(SECRET), "header": {"alg": "HS256"}},
    "signed by our secret, which its document allows": {
        "key": OctKey.import_key(SECRET),
        "header": {"alg": "HS256"},
        "document": {"id_token_signing_alg_values_supported": ["HS256"]},
    },
    "no proof at all": {"without": {"id_token"}},
}


def test_what_is_not_proved_lets_nobody_in(api: Api, provider: Provider) -> None:
    let_in = []
    for forged, how in FORGED.items():
        forget(provider)
        for what, value in how.items():
            if what == "key":
                provider.key = value  # type: ignore[assignment]
            else:
                getattr(provider, what).update(value)
        api.app.state.provider._forget()
        ada = Browser(api)
        said = through(ada, provider)
        if said.status != 401 or "has proved nothing of who you are" not in said.text or not nobody_is_in(ada, said):
            let_in.append((forged, said.status, said.text))
    assert not let_in
    assert "ada@example.com" not in [one.login for one in users.listed(api.world.ctx)]
    forget(provider)
    assert through(Browser(api), provider).status == 303, "and what is proved does"
