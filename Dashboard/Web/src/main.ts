// Loaded before the rest, and little: what the page will show is asked for while the page itself is still on its way.
import './kernel/connection';
import './kernel/invitation';

void import('./app');
