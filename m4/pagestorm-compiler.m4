dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl Compiler flags, tried with -Werror: clang only warns about a flag that it
dnl does not know.

# _PAGESTORM_TRY_CFLAGS(FLAGS, COMPILE-OR-LINK-MACRO, IF-WORKS, IF-NOT)
AC_DEFUN([_PAGESTORM_TRY_CFLAGS], [
	pagestorm_saved_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_MSG_CHECKING([whether $CC takes $1])
	$2([AC_LANG_PROGRAM()], [pagestorm_works=yes], [pagestorm_works=no])
	CFLAGS=$pagestorm_saved_CFLAGS
	AC_MSG_RESULT([$pagestorm_works])
	AS_IF([test "$pagestorm_works" = yes], [$3], [$4])
])

# PAGESTORM_CHECK_CFLAGS(VARIABLE, FLAGS): appends those that work
AC_DEFUN([PAGESTORM_CHECK_CFLAGS], [
	for pagestorm_flag in $2; do
		_PAGESTORM_TRY_CFLAGS([$pagestorm_flag], [AC_COMPILE_IFELSE],
			[$1="$$1 $pagestorm_flag"])
	done
])

# PAGESTORM_REQUIRE_CFLAGS(VARIABLE, FLAGS): appends all or stops
AC_DEFUN([PAGESTORM_REQUIRE_CFLAGS], [
	_PAGESTORM_TRY_CFLAGS([$2], [AC_COMPILE_IFELSE], [$1="$$1 $2"],
		[AC_MSG_ERROR([$CC does not take $2])])
])

# PAGESTORM_REQUIRE_LINK_CFLAGS(VARIABLE, FLAGS): the same for flags that bring a run-time library
AC_DEFUN([PAGESTORM_REQUIRE_LINK_CFLAGS], [
	_PAGESTORM_TRY_CFLAGS([$2], [AC_LINK_IFELSE], [$1="$$1 $2"],
		[AC_MSG_ERROR([$CC does not link with $2])])
])
