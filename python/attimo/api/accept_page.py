"""The page behind the link of an invitation, for people: `/invitations/accept#TOKEN`.

The token is behind the `#`, which browsers send to no server and no log. The page asks for a
password, accepts, and creates an API key if the new member wants one. Like the page of the API
description, it loads nothing from elsewhere.
"""

from starlette.responses import HTMLResponse, Response

from attimo.api.page import page
from attimo.api.routing import Router

_BODY = """\
<main>
<h1>Accept an invitation</h1>
<noscript>This page needs JavaScript; the invitation's e-mail shows how to do without.</noscript>
<form id="accept">
<p>Choose a password of at least 10 characters. If you have a user on this server already, enter its
password.</p>
<p><label for="password">Password</label>
<input id="password" type="password" autocomplete="new-password" required>
<button>Accept</button></p>
</form>
<form id="key" hidden>
<p>Programs and the command line use an API key.</p>
<p><button>Create an API key</button></p>
</form>
<p id="said" role="status"></p>
<pre id="made" hidden></pre>
</main>
<script src="/invitations/accept/page.js"></script>
"""
_SCRIPT = """\
"use strict";
const part = (id) => document.getElementById(id);
const token = location.hash.slice(1);
let joined = null;
// The link stays good until it is used, so it is not left in the address bar.
history.replaceState(null, "", location.pathname);
part("said").textContent = token ? "" : "The link is incomplete: its token is missing.";

async function ask(method, path, body) {
  const headers = {"content-type": "application/json", "x-csrf-token": joined?.csrf_token ?? ""};
  const answer = await fetch(path, {method, headers, body: body && JSON.stringify(body)});
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said;
}

function on(form, act) {
  part(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    part("said").textContent = "";
    const button = part(form).querySelector("button");
    button.disabled = true;
    try {
      await act();
      part(form).hidden = true;
    } catch (error) {
      part("said").textContent = error.message;
    }
    button.disabled = false;
  });
}

on("accept", async () => {
  joined = await ask("POST", "/invitations/accept", {token, password: part("password").value});
  part("password").value = "";
  part("said").textContent = "You are a member of the account now.";
  part("key").hidden = false;
});

on("key", async () => {
  const {accounts} = await ask("GET", "/session");
  const {role_id} = accounts.find((each) => each.account_id === joined.account_id);
  const made = await ask("POST", "/api-keys", {role_id, description: "made when joining"});
  part("said").textContent = "Your API key. You won't be able to see it again:";
  part("made").textContent = made.api_key;
  part("made").hidden = false;
});
"""

router = Router("/invitations/accept")


@router.get()
def show() -> HTMLResponse:
    """The page."""
    return page("Attimo: accept an invitation", _BODY)


@router.get("/page.js")
def script() -> Response:
    """The page's script; a file of its own, so that the page needs no inline script."""
    return Response(_SCRIPT, media_type="text/javascript")
