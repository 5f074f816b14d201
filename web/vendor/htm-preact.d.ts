// Types of web/vendor/htm-preact.js, which the build copies from htm/preact/standalone.module.js
// (htm and preact in one file).
import { h, VNode } from 'preact';
export { h, render, Component, createContext } from 'preact';
export {
  useState, useReducer, useEffect, useLayoutEffect, useRef, useImperativeHandle, useMemo, useCallback,
  useContext, useDebugValue, useErrorBoundary,
} from 'preact/hooks';
export declare const html: (strings: TemplateStringsArray, ...values: any[]) => VNode<any>;
