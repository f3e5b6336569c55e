// The portal's entry.
import 'uplot/dist/uPlot.min.css';
import './style/colours.css';
import './style/base.css';
import './style/frame.css';
import './style/controls.css';
import './style/parts.css';
import './style/tables.css';
import './style/overview.css';
import './style/sign-in.css';
import { startApp } from './app.ts';

const root = document.getElementById('portal');
if (root) startApp(root);
