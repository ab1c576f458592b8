/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing of its own: linked with the whole of one floor's library, it shows that the floor needs
 * no symbol but those of the floors below it.
 */
int main(void)
{
        return 0;
}
