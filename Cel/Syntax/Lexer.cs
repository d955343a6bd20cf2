namespace OrleansOrchestrator.Cel.Syntax;

internal enum TokenKind
{
    End,
    Identifier,
    EscapedIdentifier,
    Int,
    Uint,
    Double,
    String,
    Bytes,

    /// <summary>An operator or a keyword that is one.</summary>
    Symbol,
}

/// <param name="Position">Where it starts.</param>
internal readonly record struct Token(TokenKind Kind, int Position, string Text)
{
    public bool Is(string symbol) => Kind == TokenKind.Symbol && Text == symbol;
}

/// <summary>Cuts a text into tokens; what is none is noted and left out.</summary>
internal sealed class Lexer(string text, Issues issues)
{
    private static readonly string[] Symbols =
    [
        "==", "!=", "<=", ">=", "&&", "||", "<", ">", "?", ":", ".", ",", "+", "-", "*", "/", "%", "!", "(", ")", "[",
            "]",
        "{", "}",
    ];

    private int _at;

    public List<Token> Read()
    {
        var tokens = new List<Token>();
        while (true)
        {
            SkipBlank();
            if (_at >= text.Length)
            {
                tokens.Add(new Token(TokenKind.End, text.Length, "<EOF>"));
                return tokens;
            }

            var start = _at;
            if (Next() is { } kind)
            {
                tokens.Add(new Token(kind, start, text[start.._at]));
            }
        }
    }

    private void SkipBlank()
    {
        while (_at < text.Length)
        {
            if (text[_at] is ' ' or '\t' or '\r' or '\n' or '\f')
            {
                _at++;
            }
            else if (text[_at] == '/' && At(1) == '/')
            {
                var end = text.IndexOf('\n', _at);
                _at = end < 0 ? text.Length : end;
            }
            else
            {
                return;
            }
        }
    }

    private char At(int offset) => _at + offset < text.Length ? text[_at + offset] : '\0';

    private TokenKind? Next()
    {
        var c = text[_at];
        if (StringStart() is { } kind)
        {
            return Quoted(kind);
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            return Identifier();
        }

        if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(At(1))))
        {
            return Number();
        }

        if (c == '`')
        {
            return Escaped();
        }

        foreach (var symbol in Symbols)
        {
            if (text.AsSpan(_at).StartsWith(symbol, StringComparison.Ordinal))
            {
                _at += symbol.Length;
                return TokenKind.Symbol;
            }
        }

        var length = char.IsHighSurrogate(c) && char.IsLowSurrogate(At(1)) ? 2 : 1;
        Complain(_at, text.Substring(_at, length));
        _at += length;
        return null;
    }

    private TokenKind Identifier()
    {
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_'))
        {
            _at++;
        }

        return text.AsSpan(start, _at - start) is "in" or "true" or "false" or "null" ? TokenKind.Symbol
            : TokenKind.Identifier;
    }

    private TokenKind? Escaped()
    {
        var end = _at + 1;
        while (end < text.Length
            && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '.' or '-' or '/' or ' '))
        {
            end++;
        }

        if (end < text.Length && text[end] == '`' && end > _at + 1)
        {
            _at = end + 1;
            return TokenKind.EscapedIdentifier;
        }

        Complain(_at, text[_at..Math.Min(end + 1, text.Length)]);
        _at = Math.Min(end + 1, text.Length);
        return null;
    }

    private TokenKind Number()
    {
        if (text[_at] == '0' && At(1) is 'x' or 'X' && text[_at] == '0' && char.IsAsciiHexDigit(At(2)))
        {
            _at += 2;
            while (char.IsAsciiHexDigit(At(0)))
            {
                _at++;
            }

            return Suffixed(TokenKind.Int);
        }

        Digits();
        var kind = TokenKind.Int;
        if (At(0) == '.' && char.IsAsciiDigit(At(1)))
        {
            _at++;
            Digits();
            kind = TokenKind.Double;
        }

        if (At(0) is 'e' or 'E'
            && (char.IsAsciiDigit(At(1)) || (At(1) is '+' or '-' && char.IsAsciiDigit(At(2)))))
        {
            _at += 2;
            Digits();
            kind = TokenKind.Double;
        }

        return Suffixed(kind);
    }

    private void Digits()
    {
        while (char.IsAsciiDigit(At(0)))
        {
            _at++;
        }
    }

    private TokenKind Suffixed(TokenKind kind)
    {
        if (kind != TokenKind.Int || At(0) is not ('u' or 'U'))
        {
            return kind;
        }

        _at++;
        return TokenKind.Uint;
    }

    /// <summary>The kind of literal when a quote, with its prefixes, starts here.</summary>
    private TokenKind? StringStart()
    {
        var (bytes, i) = (false, 0);
        if (At(i) is 'b' or 'B')
        {
            (bytes, i) = (true, 1);
        }

        if (At(i) is 'r' or 'R')
        {
            i++;
        }

        return At(i) is '\'' or '"' ? bytes ? TokenKind.Bytes : TokenKind.String : null;
    }

    private TokenKind? Quoted(TokenKind kind)
    {
        var start = _at;
        var raw = false;
        while (text[_at] is not ('\'' or '"'))
        {
            raw |= text[_at++] is 'r' or 'R';
        }

        var quote = text[_at];
        var isTriple = At(1) == quote && At(2) == quote;
        _at += isTriple ? 3 : 1;
        while (_at < text.Length)
        {
            if (text[_at] == '\\' && !raw)
            {
                _at += 2;
            }
            else if (text[_at] == quote && (!isTriple || (At(1) == quote && At(2) == quote)))
            {
                _at += isTriple ? 3 : 1;
                return kind;
            }
            else if (text[_at] is '\n' or '\r' && !isTriple)
            {
                break;
            }
            else
            {
                _at++;
            }
        }

        _at = Math.Min(_at, text.Length);
        Complain(start, text[start.._at]);
        return null;
    }

    private void Complain(int position, string what)
    {
        var shown = what.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal);
        issues.Add(position, $"Syntax error: token recognition error at: '{shown}'");
    }
}
