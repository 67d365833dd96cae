#define ANSWER "old"
