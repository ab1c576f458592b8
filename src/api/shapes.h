/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shapes.h - what answers look like, as rows: for the description of the API, and for the tests that hold
 * every answer against it.
 */
#ifndef MASKLINE_API_SHAPES_H
#define MASKLINE_API_SHAPES_H

#include <stdbool.h>

enum shape_type {
        SHAPE_TEXT,
        SHAPE_TIME,   /* RFC 3339 */
        SHAPE_COUNT,  /* a whole number */
        SHAPE_NUMBER, /* any number */
        SHAPE_SWITCH,
        SHAPE_TEXTS,    /* a list of them */
        SHAPE_INTEGERS, /* a list of them */
        SHAPE_COUNTS,   /* an object of counts, by names that depend */
        SHAPE_OBJECT,   /* of the shape `of` */
        SHAPE_LIST,     /* of objects of the shape `of` */
};

struct shape_field {
        const char *name; /* NULL ends the rows */
        enum shape_type type;
        bool may_be_null, may_be_absent;
        const char *of;
};

struct shape {
        const char *name; /* "Trunk" */
        const struct shape_field *fields;
};

/* All of them, by name; NULL past the last. */
const struct shape *shape_at(unsigned i);

#endif
