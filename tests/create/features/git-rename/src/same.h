#define SUFFIX " one"
