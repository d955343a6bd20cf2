// What one does not begin with, as one file: it comes with the first of these pages.
export { ChangesPage } from './changes';
export { CreatePage } from './create';
export { MetricsPage } from './metrics';
export { ObjectPage } from './object';
export { SearchPage } from './search';
export { Timeline, TimelinePage } from './timeline';
