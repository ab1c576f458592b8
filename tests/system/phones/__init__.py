# SPDX-License-Identifier: Apache-2.0
"""Third-party telephones, and what they heard."""
