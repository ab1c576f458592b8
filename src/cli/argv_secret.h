/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv_secret.h - real numbers and passwords given as arguments leave the process list at once.
 */
#ifndef MASKLINE_CLI_ARGV_SECRET_H
#define MASKLINE_CLI_ARGV_SECRET_H

/*
 * First thing in main(): the values of --party, --caller, --password and their like, and what "party export"
 * and "party erase" are given, move to locked memory, argv points
 * there, and what /proc shows is overwritten. "-" and "@file" stay. Ends the process when there is
 * no memory to move them to.
 */
void argv_secret_take(int argc, char **argv);

#endif
