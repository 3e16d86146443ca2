// @ts-check
/** A trace from the server, and again whenever news name it. */
import { useLayoutEffect, useState } from "../base.js";
import * as api from "../api.js";
import { listen } from "../live.js";
import { whole } from "./answer.js";
import { build } from "./model.js";

/** @typedef {{answer: import("./model.js").Answer, trace: import("./model.js").Trace}} Loaded */

// Segments of a trace come one after the other: several pieces of news in this time are one question.
const TOGETHER_MS = 150;

/** @param {string} id @returns {{loaded: Loaded | null, problem: string}} */
export function useTrace(id) {
  const [state, put] = useState(/** @type {{loaded: Loaded | null, problem: string}} */ ({ loaded: null, problem: "" }));
  // Before anything is drawn: the answer takes longer than that.
  useLayoutEffect(() => {
    let gone = false;
    let timer = 0;
    const ask = () => {
      timer = 0;
      api.trace(id).then(
        (told) => {
          if (gone) return;
          const answer = whole(told);
          put({ loaded: { answer, trace: build(answer) }, problem: "" });
        },
        (error) => !gone && put((old) => ({ loaded: old.loaded, problem: error.message })),
      );
    };
    ask();
    const unlisten = listen((news) => {
      if (news.traces?.includes(id)) timer ||= setTimeout(ask, TOGETHER_MS);
    });
    return () => {
      gone = true;
      clearTimeout(timer);
      unlisten();
    };
  }, [id]);
  return state;
}
