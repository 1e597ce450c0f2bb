// A topic, live: the newest messages first, and a form to publish.

const MOST_SHOWN = 200, MOST_CHARACTERS = 10_000, PAUSE_MILLISECONDS = 1500;
const watched = document.getElementById("watched");
const { cache, topic, csrf } = watched.dataset;
const place = `/topics/${encodeURIComponent(cache)}/${encodeURIComponent(topic)}`;
const [state, list, form] = ["state", "messages", "publish"].map((id) => document.getElementById(id));
let token = "";
let position = "";

// Ask for a token that is for this topic alone; an answer that is none is shown, and is the end.
async function admit() {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = `${new URLSearchParams({ csrf, cache, topic })}`;
  const answer = await fetch("/console/topics/token", { method: "POST", headers, body });
  if (answer.redirected || !answer.ok) return refuse(answer.redirected ? 401 : answer.status);
  const made = await answer.json();
  token = made.token;
  form.hidden = !made.may_publish;
  return true;
}

function refuse(status) {
  const why = { 401: "Sign in again.", 403: "Your role does not permit it.", 404: "There is no such cache." };
  state.textContent = `The server refuses to show this topic. ${why[status] ?? `Its status is ${status}.`}`;
  form.hidden = true;
  return status >= 500 || status === 429;
}

// Parse https://html.spec.whatwg.org/multipage/server-sent-events.html as far as this server uses it.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const fields = part.split("\n").map((line) => line.split(/: ?(.*)/s));
      yield Object.fromEntries(fields);
    }
  }
}

async function watch() {
  const headers = { accept: "text/event-stream", authorization: token };
  if (position) headers["last-event-id"] = position;
  const answer = await fetch(place, { headers });
  if (!answer.ok) return answer.status === 401 || refuse(answer.status);
  for await (const { event, id, data } of events(answer.body)) {
    position = id ?? position;
    if (event === "end") break;
    state.textContent = "Watching: messages appear as they are published.";
    if (data) show(JSON.parse(data));
  }
  return true;
}

function show({ item, discontinuity }) {
  if (discontinuity) return add("Messages are missing here: the topic no longer had them.", "");
  if (!item) return;
  const { text, binary } = item.value;
  const shown = text ?? `base64: ${binary}`;
  const cut = shown.length > MOST_CHARACTERS ? `${shown.slice(0, MOST_CHARACTERS)}…` : shown;
  add(cut, [`${item.topic_sequence_number}`, item.publisher_id].filter(Boolean).join(", from "));
}

// As text: whatever a message has, it is not run.
function add(text, about) {
  const line = document.createElement("li");
  const [content, beside] = [document.createElement("pre"), document.createElement("span")];
  content.textContent = text;
  beside.textContent = about;
  beside.className = "beside";
  line.append(content, beside);
  list.prepend(line);
  if (list.children.length > MOST_SHOWN) list.lastChild.remove();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const headers = { authorization: token, "content-type": "text/plain" };
  const body = form.elements.message.value;
  const answer = await fetch(place, { method: "POST", headers, body }).catch(() => ({ status: 0 }));
  if (answer.ok) form.reset();
  else state.textContent = `The message is not published: ${answer.status || "the server is away"}.`;
});

(async () => {
  state.textContent = "Connecting.";
  for (;;) {
    try {
      if (!(await admit()) || !(await watch())) return;
    } catch {
      state.textContent = "The server is away; trying again.";
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
})();
