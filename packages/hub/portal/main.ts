// The portal's entry.
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { startApp } from './app.ts';

const root = document.getElementById('portal');
if (root) startApp(root);
