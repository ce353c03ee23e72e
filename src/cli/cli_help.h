/* What the program prints when it is asked how to use it. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

const char *cli_help(void);         /* `trisock`, `trisock help`; static memory */
const char *cli_help_serve(void);   /* `trisock serve --help`; static memory */
const char *cli_help_bench(void);   /* `trisock bench --help`; static memory */
const char *cli_help_connect(void); /* `trisock connect --help`; static memory */

#endif
