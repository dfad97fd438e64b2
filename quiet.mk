# Short lines, or all of them with V=1.
ifeq ($(V),1)
Q =
say = @true
else
Q = @
say = @printf '  %-4s %s\n'
endif
