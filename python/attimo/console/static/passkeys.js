// Passkeys: have the browser make or use one, and send what it says with the form that asked.
"use strict";

const headers = { "content-type": "application/x-www-form-urlencoded" };

// What the server asks the browser for; a refusal has the words to show.
async function begin(form) {
  const body = `${new URLSearchParams(new FormData(form))}`;
  const answer = await fetch(form.dataset.begin, { method: "POST", headers, body });
  if (answer.redirected) throw new Error("Sign in again.");
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said;
}

async function credential(kind, options) {
  if (kind === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

function words(error) {
  return error instanceof DOMException ? "The browser used no passkey. Try again." : error.message;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const { passkey, origin } = form.dataset;
  const { ticket, credential: answer } = form.elements;
  const said = form.querySelector("[role=alert]");
  // Elsewhere, and in browsers without them, passkeys do not work.
  form.hidden = location.origin !== origin || !globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON;
  form.parentElement.querySelector("[data-elsewhere]")?.toggleAttribute("hidden", !form.hidden);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const asked = await begin(form);
      answer.value = JSON.stringify(await credential(passkey, asked.options));
      ticket.value = asked.ticket;
      form.submit();
    } catch (error) {
      said.textContent = words(error);
      said.hidden = false;
    }
  });
}
