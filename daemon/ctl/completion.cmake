# Completion scripts of bash, zsh and fish, written by sluicectl (through the emulator when it is built for another
# machine) and installed where each shell looks. Debian's zsh looks elsewhere than others.
set(SLUICE_COMPLETIONS ${CMAKE_CURRENT_BINARY_DIR}/completion)
set(scripts)
foreach(shell bash zsh fish)
  set(script ${SLUICE_COMPLETIONS}/sluicectl.${shell})
  add_custom_command(OUTPUT ${script}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${SLUICE_COMPLETIONS}
    COMMAND sluicectl completion ${shell} > ${script}
    DEPENDS sluicectl VERBATIM)
  list(APPEND scripts ${script})
endforeach()
add_custom_target(sluicectl_completions ALL DEPENDS ${scripts})

if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(zsh_folder ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
else()
  set(zsh_folder ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
endif()
install(FILES ${SLUICE_COMPLETIONS}/sluicectl.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME sluicectl)
install(FILES ${SLUICE_COMPLETIONS}/sluicectl.zsh DESTINATION ${zsh_folder} RENAME _sluicectl)
install(FILES ${SLUICE_COMPLETIONS}/sluicectl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
