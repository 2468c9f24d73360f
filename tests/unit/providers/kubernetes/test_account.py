"""Which cluster is meant, as whom, and in which namespace: kubeconfigs are read as kubectl reads them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.kubernetes import account
from im.providers.kubernetes.account import context, found, home, is_inside, read, sentence

FIRST = """\
apiVersion: v1
kind: Config
current-context: lab
contexts:
- name: lab
  context: {cluster: one, user: me, namespace: team-a}
- name: lost
  context: {cluster: nowhere, user: me}
clusters:
- name: one
  cluster: {server: "https://one.example:6443/", certificate-authority: ca.pem}
users:
- name: me
  user: {tokenFile: secrets/token}
"""
SECOND = """\
current-context: other
contexts:
- name: lab
  context: {cluster: two, user: you}
- name: other
  context: {cluster: two, user: you}
clusters:
- name: two
  cluster: {server: "https://two.example"}
users:
- name: you
  user: {token: hush}
"""
OWN = Account("default", "kubernetes")


def of(**words: str) -> Account:
    return read(Account("lab", "kubernetes", words))


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody with two files."""
    for name, text in (("a", FIRST), ("b", SECOND)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config").write_text(text)
    return {"KUBECONFIG": f"{tmp_path}/a/config:{tmp_path}/gone:{tmp_path}/b/config"}


def test_of_several_files_the_first_that_names_a_thing_wins(env: dict[str, str]) -> None:
    lab = context(OWN, env)
    assert (lab.name, lab.server, lab.namespace) == ("lab", "https://one.example:6443", "team-a")
    other = context(of(context="other"), env)
    assert (other.server, other.namespace, other.user.said["token"]) == ("https://two.example", "", "hush")
    assert "hush" not in repr(other)


def test_a_relative_path_is_relative_to_its_own_file_and_data_beats_a_path(env: dict[str, str], tmp_path: Path) -> None:
    lab = context(OWN, env)
    assert lab.user.path("tokenFile") == tmp_path / "a" / "secrets" / "token"
    with pytest.raises(Refused, match=r"ca\.pem.*cannot be read"):
        lab.cluster.content("certificate-authority")
    (tmp_path / "a" / "ca.pem").write_bytes(b"from the file")
    assert lab.cluster.content("certificate-authority") == b"from the file"
    said = {**lab.cluster.said, "certificate-authority-data": base64.b64encode(b"data").decode()}
    assert type(lab.cluster)(said, tmp_path).content("certificate-authority") == b"data"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"context": "gone"}, "no context gone"),
        ({"context": "lost"}, "names the cluster nowhere"),
        ({"kubeconfig": "/nonexistent/config"}, "no kubeconfig"),
    ],
)
def test_what_is_not_there_is_said_with_what_there_is(env: dict[str, str], words: dict[str, str], says: str) -> None:
    with pytest.raises(Refused, match=says):
        context(of(**words), env)


@pytest.mark.parametrize("text", ["", "- a\n", "\tx", "contexts: [1, 2]\n", "current-context: 7\n", "a: &a [*a]\n"])
def test_a_file_that_says_nothing_is_refused_and_never_a_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    env = {"KUBECONFIG": str(tmp_path / "config")}
    with pytest.raises(Refused):
        context(OWN, env)
    assert (found(env), home(env, None)) == ("", account.Region("default", "the default"))


def test_the_namespace_is_the_accounts_the_contexts_or_default(env: dict[str, str]) -> None:
    assert home(env, None, of()) == account.Region("team-a", "the context lab")
    assert home(env, None, of(context="other")) == account.Region("default", "the default")
    assert home(env, account.Region("mine", "the config file")) == account.Region("mine", "the config file")


def test_a_pod_is_in_its_own_cluster_unless_a_kubeconfig_is_named(env: dict[str, str]) -> None:
    inside = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOME": "/nonexistent"}
    assert is_inside(OWN, inside)
    assert found(inside) == "the service account of this pod"
    assert not is_inside(OWN, {**inside, **env})
    assert is_inside(of(in_cluster="yes"), {**inside, **env})
    assert not is_inside(of(context="lab"), inside)


def test_it_is_told_how_an_account_is_reached(env: dict[str, str]) -> None:
    assert sentence(of()) == "the current context of the workers' kubeconfig"
    assert sentence(of(context="lab", kubeconfig="/etc/im/k")) == "the context lab of /etc/im/k"
    assert sentence(of(in_cluster="yes")) == "the cluster that the workers run in"
    assert sentence(read(Account("lab", "kubernetes", {"": "lab"}))).startswith("the context lab")
    assert found(env).startswith("the context lab of ")


@pytest.mark.parametrize(
    "words",
    [{"in_cluster": "perhaps"}, {"in_cluster": "yes", "context": "lab"}, {"contxt": "lab"}, {"storage_class": "A b"}],
)
def test_words_that_cannot_be_are_refused(words: dict[str, str]) -> None:
    with pytest.raises(Refused):
        of(**words)
