/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi.h - /v1/openapi.json: the API as OpenAPI 3.1 describes it, made from the rows of route.c, of the
 * bodies' fields and of shapes.c.
 */
#ifndef MASKLINE_API_OPENAPI_H
#define MASKLINE_API_OPENAPI_H

#include "api/rest.h"

json_t *openapi_json(void); /* NULL: no memory */

/* The same as text, NUL behind it, for free(). NULL: no memory. */
char *openapi_text(void);

/* Answers the text that the API made when it was created. */
void openapi_answer(struct rest *rest);

#endif
