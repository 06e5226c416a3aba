// Work that outlives the page: every step is in the browser's own storage at once, twice. The simple
// storage answers on the spot but may be written to disk a little later; the database is told to be
// on the disk before it says done. Whichever is further on counts.

const DATABASE = "cami-units-draw";
const TABLE = "work";

function opened() {
  return new Promise((resolve) => {
    let request;
    try {
      request = indexedDB.open(DATABASE, 1);
    } catch (refused) {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
    request.onblocked = () => resolve(null);
  });
}

// A drawer for one group and one base round: { saved, keep(work), others(), onOthers(what) }.
export async function drawer(key) {
  const database = await opened();
  const read = await Promise.all([simple(key), strict(database, key)]);
  const saved = read.filter(Boolean).sort((one, other) => other.at - one.at || other.work.step - one.work.step)[0] || null;
  let own = textIn(key); // as this tab has last read or written it
  return {
    saved: saved && saved.work,
    // What another tab of this browser has kept since, once; null: nothing.
    others() {
      const text = textIn(key);
      if (text === null || text === own) return null;
      own = text;
      const value = parsed(text);
      return value && value.work;
    },
    // At once where the browser says so, and when somebody comes back to this tab.
    onOthers(what) {
      window.addEventListener("storage", (event) => event.key === key && what());
      document.addEventListener("visibilitychange", () => !document.hidden && what());
    },
    // True when at least one of the two has it; the promise ends when the database has.
    async keep(work) {
      const text = JSON.stringify({ at: Date.now(), work });
      let kept = false;
      try {
        localStorage.setItem(key, text);
        own = text;
        kept = true;
      } catch (full) {
        try {
          localStorage.removeItem(key); // an older state must not be taken for the newest
        } catch (refused) { /* the browser lets this page keep nothing there */ }
      }
      const written = await put(database, key, text);
      return kept || written;
    },
  };
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && value.work && value.work.units ? value : null;
  } catch (broken) {
    return null;
  }
}

function textIn(key) {
  try {
    return localStorage.getItem(key);
  } catch (refused) {
    return null;
  }
}

const simple = (key) => parsed(textIn(key));

function strict(database, key) {
  return new Promise((resolve) => {
    if (!database) {
      resolve(null);
      return;
    }
    const request = database.transaction(TABLE).objectStore(TABLE).get(key);
    request.onsuccess = () => resolve(typeof request.result === "string" ? parsed(request.result) : null);
    request.onerror = () => resolve(null);
  });
}

function put(database, key, text) {
  return new Promise((resolve) => {
    if (!database) {
      resolve(false);
      return;
    }
    const change = database.transaction(TABLE, "readwrite", { durability: "strict" });
    change.objectStore(TABLE).put(text, key);
    change.oncomplete = () => resolve(true);
    change.onerror = () => resolve(false);
    change.onabort = () => resolve(false);
  });
}
