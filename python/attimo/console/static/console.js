// What pages do beside their forms: copy, take a token out of the address, rest while unseen.
"use strict";

for (const button of document.querySelectorAll("button[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const label = button.textContent;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
  });
  button.addEventListener("blur", () => {
    button.textContent = label;
  });
}

// The link of an e-mail has its token behind the `#`, which browsers send to no server and no log.
const token = document.querySelector("input[data-from-address]");
if (token && location.hash.length > 1) {
  token.value = location.hash.slice(1);
  // The link stays good until it is used, so it is not left in the address bar.
  history.replaceState(null, "", location.pathname);
}
if (token?.value) token.closest(".field").hidden = true;

// What remains, by a clock that nobody sets.
for (const left of document.querySelectorAll("[data-seconds]")) {
  const ends = performance.now() + 1000 * left.dataset.seconds;
  const timer = setInterval(() => {
    const seconds = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const parts = hours ? [`${hours} h`, `${minutes} min`] : [`${minutes} min`, `${seconds % 60} s`];
    left.textContent = seconds ? `in ${parts.join(" ")}` : "expired";
    if (!seconds) clearInterval(timer);
  }, 1000);
}

// On a narrow screen, the navigation is scrolled to the page that is shown.
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Figures that nobody sees are not asked for.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
