"""Objects of other libraries inside a forecaster: found by name, checked and made from plain values, and taken apart.

A forecaster that holds such an object declares in its class attribute ``foreign`` which `Library` it comes from, by the
name of the argument. A configuration can then name classes of that library, and of no other: all are found and checked
before any is constructed, and only modules of that library are imported.
"""
