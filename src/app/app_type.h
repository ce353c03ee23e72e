/* The content type of a file, by its name. */
#ifndef APP_TYPE_H
#define APP_TYPE_H

/* "text/html; charset=utf-8" ...; application/octet-stream if not known. Static memory. */
const char *tri_type_of_file(const char *name);

#endif
