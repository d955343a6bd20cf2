using System.Text;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// Go's JSON scanner, run only over bytes that are already known to be malformed, for the sake of its messages.
/// </summary>
public static class GoJson
{
    private const string Truncated = "unexpected end of JSON input";

    /// <summary>What Go says about these bytes; null when it finds nothing wrong.</summary>
    public static string? FindError(ReadOnlySpan<byte> json)
    {
        var scanner = new Scanner(json);
        scanner.SkipSpace();
        scanner.Value(0);
        scanner.SkipSpace();
        if (scanner.Error is null && !scanner.AtEnd)
        {
            scanner.Fail("after top-level value");
        }

        return scanner.Error;
    }

    private ref struct Scanner(ReadOnlySpan<byte> json)
    {
        private readonly ReadOnlySpan<byte> _json = json;
        private int _at;

        public string? Error { get; private set; }

        public readonly bool AtEnd => _at >= _json.Length;

        private readonly byte Current => _json[_at];

        public void SkipSpace()
        {
            while (!AtEnd && Current is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                _at++;
            }
        }

        public void Fail(string context) =>
            Error ??= AtEnd ? Truncated : $"invalid character {QuoteChar(Current)} {context}";

        public void Value(int depth)
        {
            if (AtEnd)
            {
                Fail("");
                return;
            }

            switch (Current)
            {
                case (byte)'{' or (byte)'[' when depth >= JsonTree.MaxDepth:
                    Error ??= "exceeded max depth";
                    break;
                case (byte)'{': Object(depth + 1); break;
                case (byte)'[': Array(depth + 1); break;
                case (byte)'"': Text(); break;
                case (byte)'-' or (>= (byte)'0' and <= (byte)'9'): Number(); break;
                case (byte)'t': Literal("true"); break;
                case (byte)'f': Literal("false"); break;
                case (byte)'n': Literal("null"); break;
                default: Fail("looking for beginning of value"); break;
            }
        }

        private void Object(int depth)
        {
            _at++;
            SkipSpace();
            if (Take('}'))
            {
                return;
            }

            while (Error is null)
            {
                SkipSpace();
                if (AtEnd || Current != '"')
                {
                    Fail("looking for beginning of object key string");
                    return;
                }

                Text();
                SkipSpace();
                if (Error is not null || !Expect(':', "after object key"))
                {
                    return;
                }

                SkipSpace();
                Value(depth);
                SkipSpace();
                if (Error is not null || Take('}') || !Expect(',', "after object key:value pair"))
                {
                    return;
                }
            }
        }

        private void Array(int depth)
        {
            _at++;
            SkipSpace();
            if (Take(']'))
            {
                return;
            }

            while (Error is null)
            {
                SkipSpace();
                Value(depth);
                SkipSpace();
                if (Error is not null || Take(']') || !Expect(',', "after array element"))
                {
                    return;
                }
            }
        }

        private void Text()
        {
            _at++;
            while (Error is null)
            {
                if (AtEnd || Current < 0x20)
                {
                    Fail("in string literal");
                }
                else if (Current == '"')
                {
                    _at++;
                    return;
                }
                else if (Current == '\\')
                {
                    Escape();
                }
                else
                {
                    _at++;
                }
            }
        }

        private void Escape()
        {
            _at++;
            if (AtEnd || !"bfnrt\\/\"u".Contains((char)Current, StringComparison.Ordinal))
            {
                Fail("in string escape code");
                return;
            }

            var isUnicode = Current == 'u';
            _at++;
            for (var i = 0; isUnicode && i < 4; i++, _at++)
            {
                if (AtEnd || !char.IsAsciiHexDigit((char)Current))
                {
                    Fail("in \\u hexadecimal character escape");
                    return;
                }
            }
        }

        private void Number()
        {
            if (Take('-') && (AtEnd || !char.IsAsciiDigit((char)Current)))
            {
                Fail("in numeric literal");
                return;
            }

            if (!Take('0'))
            {
                Digits();
            }

            if (Take('.') && !Digits())
            {
                Fail("after decimal point in numeric literal");
            }
            else if (!AtEnd && Current is (byte)'e' or (byte)'E')
            {
                _at++;
                if (!AtEnd && Current is (byte)'+' or (byte)'-')
                {
                    _at++;
                }

                if (!Digits())
                {
                    Fail("in exponent of numeric literal");
                }
            }
        }

        private bool Digits()
        {
            var start = _at;
            while (!AtEnd && char.IsAsciiDigit((char)Current))
            {
                _at++;
            }

            return _at > start;
        }

        private void Literal(string word)
        {
            for (var i = 0; i < word.Length; i++, _at++)
            {
                if (AtEnd || Current != word[i])
                {
                    Fail($"in literal {word} (expecting {QuoteChar((byte)word[i])})");
                    return;
                }
            }
        }

        private bool Take(char c)
        {
            if (AtEnd || Current != c)
            {
                return false;
            }

            _at++;
            return true;
        }

        private bool Expect(char c, string context)
        {
            if (Take(c))
            {
                return true;
            }

            Fail(context);
            return false;
        }

        /// <summary>
        /// A byte as Go's quoteChar shows it: bytes above ASCII as the Latin-1 character of that number.
        /// </summary>
        private static string QuoteChar(byte value) => value switch
        {
            (byte)'\'' => "'\\''",
            (byte)'"' => "'\"'",
            _ => $"'{new StringBuilder(GoText.Quote(((char)value).ToString())).ToString()[1..^1]}'",
        };
    }
}
