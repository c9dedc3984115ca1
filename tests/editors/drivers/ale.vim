" A mistake is shown, and completed where it was mended. The test looks at what this writes.
edit build.envd
let told = {'filetype': &filetype, 'comment': &commentstring, 'colour': synIDattr(synID(1, 1, 1), 'name')}
for _ in range(600)
  call ale#Queue(0)
  sleep 100m
  let found = ale#engine#GetLoclist(bufnr(''))
  if !empty(found) | break | endif
endfor
let told.findings = map(copy(found), {_, one -> [one.lnum, one.col, one.end_col, get(one, 'code', ''), one.text]})
call writefile([json_encode(told)], 'told.json')
qall!
