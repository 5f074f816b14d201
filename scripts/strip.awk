# Prints FILE:LINE:CODE of C files, comments and the insides of strings taken out.
FNR == 1 { comment = 0 }
{
    line = $0
    if (comment) {
        if (!match(line, /\*\//)) next
        line = substr(line, RSTART + 2)
        comment = 0
    }
    gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
    while (match(line, /\/\*/)) {
        head = substr(line, 1, RSTART - 1)
        rest = substr(line, RSTART + 2)
        if (!match(rest, /\*\//)) { line = head; comment = 1; break }
        line = head " " substr(rest, RSTART + 2)
    }
    sub(/\/\/.*/, "", line)
    if (line ~ /[^ \t]/) print FILENAME ":" FNR ":" line
}
