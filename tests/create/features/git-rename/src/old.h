#define PREFIX "the "
#define ANSWER "old"
