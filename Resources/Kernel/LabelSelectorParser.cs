namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Recursive descent over the tokens of a label selector. It follows apimachinery's grammar and refuses with its words;
/// keywords (<c>in</c>, <c>notin</c>) are identifiers wherever an operator cannot stand.
/// </summary>
internal sealed class LabelSelectorParser(string text)
{
    private const string Operators = "in, notin, =, ==, !=, gt, lt";

    private static readonly FieldPath ValuesPath = FieldPath.Of("values");

    private readonly List<LabelToken> _tokens = LabelLexer.Scan(text);
    private readonly FieldErrors _errors = new();
    private int _position;

    public List<LabelRequirement> Parse()
    {
        var requirements = new List<LabelRequirement>();
        while (true)
        {
            var token = Peek();
            switch (token.Kind)
            {
                case LabelTokenKind.End:
                    return requirements;
                case LabelTokenKind.Identifier or LabelTokenKind.Not:
                    requirements.Add(ParseWrapped());
                    break;
                default:
                    throw Refuse($"found '{token.Text}', expected: !, identifier, or 'end of string'");
            }

            if (!HasNext())
            {
                return requirements;
            }
        }
    }

    private bool HasNext()
    {
        var token = Take();
        if (token.Kind == LabelTokenKind.End)
        {
            return false;
        }

        if (token.Kind != LabelTokenKind.Comma)
        {
            throw Refuse($"found '{token.Text}', expected: ',' or 'end of string'");
        }

        var next = Peek();
        return next.Kind is LabelTokenKind.Identifier or LabelTokenKind.Not
            ? true
            : throw Refuse($"found '{next.Text}', expected: identifier after ','");
    }

    private LabelRequirement ParseWrapped()
    {
        try
        {
            return ParseRequirement();
        }
        catch (SelectorFormatException refusal)
        {
            throw Refuse($"unable to parse requirement: {refusal.Message}");
        }
    }

    private LabelRequirement ParseRequirement()
    {
        var token = Take();
        var negated = token.Kind == LabelTokenKind.Not;
        token = negated ? Take() : token;
        if (token.Kind != LabelTokenKind.Identifier)
        {
            throw Refuse($"found '{token.Text}', expected: identifier");
        }

        var key = token.Text;
        CheckKey(key);
        if (negated)
        {
            return new LabelRequirement(key, LabelOperator.DoesNotExist, []);
        }

        if (Peek().Kind is LabelTokenKind.End or LabelTokenKind.Comma)
        {
            return new LabelRequirement(key, LabelOperator.Exists, []);
        }

        var op = ParseOperator();
        var given = op is LabelOperator.In or LabelOperator.NotIn ? ParseValues() : ParseExactValue();
        string[] values = [.. given];
        CheckValues(key, op, values);
        return new LabelRequirement(key, op, values);
    }

    private LabelOperator ParseOperator()
    {
        var token = _tokens[_position++];
        return token.Kind switch
        {
            LabelTokenKind.In => LabelOperator.In,
            LabelTokenKind.NotIn => LabelOperator.NotIn,
            LabelTokenKind.Equal => LabelOperator.Equals,
            LabelTokenKind.DoubleEqual => LabelOperator.DoubleEquals,
            LabelTokenKind.NotEqual => LabelOperator.NotEquals,
            LabelTokenKind.Greater => LabelOperator.GreaterThan,
            LabelTokenKind.Less => LabelOperator.LessThan,
            _ => throw Refuse($"found '{token.Text}', expected: {Operators}"),
        };
    }

    private SortedSet<string> ParseValues()
    {
        var token = Take();
        if (token.Kind != LabelTokenKind.Open)
        {
            throw Refuse($"found '{token.Text}' expected: '('");
        }

        token = Peek();
        switch (token.Kind)
        {
            case LabelTokenKind.Identifier or LabelTokenKind.Comma:
                var values = ParseIdentifiers();
                return Take().Kind == LabelTokenKind.Close
                    ? values
                    : throw Refuse($"found '{token.Text}', expected: ')'");
            case LabelTokenKind.Close:
                // "()" is the set of the empty value.
                Take();
                return [""];
            default:
                throw Refuse($"found '{token.Text}', expected: ',', ')' or identifier");
        }
    }

    private SortedSet<string> ParseIdentifiers()
    {
        var values = new SortedSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var token = Take();
            if (token.Kind == LabelTokenKind.Identifier)
            {
                values.Add(token.Text);
                var next = Peek();
                switch (next.Kind)
                {
                    case LabelTokenKind.Comma: continue;
                    case LabelTokenKind.Close: return values;
                    default: throw Refuse($"found '{next.Text}', expected: ',' or ')'");
                }
            }

            if (token.Kind != LabelTokenKind.Comma)
            {
                throw Refuse($"found '{token.Text}', expected: ',', or identifier");
            }

            if (TakeEmptyValues(values))
            {
                return values;
            }
        }
    }

    /// <summary>
    /// After a comma: <c>(,</c> and <c>,)</c> and <c>,,</c> stand for the empty value. True at the closing parenthesis.
    /// </summary>
    private bool TakeEmptyValues(SortedSet<string> values)
    {
        if (values.Count == 0)
        {
            values.Add("");
        }

        var next = Peek();
        if (next.Kind == LabelTokenKind.Close)
        {
            values.Add("");
            return true;
        }

        if (next.Kind == LabelTokenKind.Comma)
        {
            Take();
            values.Add("");
        }

        return false;
    }

    private SortedSet<string> ParseExactValue()
    {
        if (Peek().Kind is LabelTokenKind.End or LabelTokenKind.Comma)
        {
            return [""];
        }

        var token = Take();
        return token.Kind == LabelTokenKind.Identifier
            ? [token.Text]
            : throw Refuse($"found '{token.Text}', expected: identifier");
    }

    private void CheckKey(string key)
    {
        LabelRequirementRules.CheckKey(FieldPath.Nowhere, key, _errors);
        RefuseFindings();
    }

    private void CheckValues(string key, LabelOperator operation, string[] values)
    {
        LabelRequirementRules.CheckValues(ValuesPath, key, operation, values, _errors);
        RefuseFindings();
    }

    /// <summary>The first requirement with a finding ends it all.</summary>
    private void RefuseFindings()
    {
        if (_errors.Count > 0)
        {
            throw Refuse(_errors.ToText());
        }
    }

    private LabelToken Take()
    {
        var token = Peek();
        _position = Math.Min(_position + 1, _tokens.Count - 1);
        return token;
    }

    private LabelToken Peek()
    {
        var token = _tokens[_position];
        return token.Kind is LabelTokenKind.In or LabelTokenKind.NotIn
            ? token with { Kind = LabelTokenKind.Identifier }
            : token;
    }

    private static SelectorFormatException Refuse(string message) => new(message);
}

internal enum LabelTokenKind
{
    Error,
    Close,
    Comma,
    Not,
    DoubleEqual,
    End,
    Equal,
    Greater,
    Identifier,
    In,
    Less,
    NotEqual,
    NotIn,
    Open,
}

internal readonly record struct LabelToken(LabelTokenKind Kind, string Text);

/// <summary>Splits a label selector into tokens; the last one is always the end.</summary>
internal static class LabelLexer
{
    private const string Specials = "=!(),><";

    public static List<LabelToken> Scan(string text)
    {
        var tokens = new List<LabelToken>();
        var position = 0;
        while (true)
        {
            while (position < text.Length && IsSpace(text[position]))
            {
                position++;
            }

            // Upstream's reader takes a NUL for the end.
            if (position >= text.Length || text[position] == '\0')
            {
                tokens.Add(new LabelToken(LabelTokenKind.End, ""));
                return tokens;
            }

            tokens.Add(IsSpecial(text[position]) ? Special(text, ref position) : Word(text, ref position));
        }
    }

    private static LabelToken Word(string text, ref int position)
    {
        var start = position;
        while (position < text.Length
            && text[position] != '\0'
            && !IsSpecial(text[position])
            && !IsSpace(text[position]))
        {
            position++;
        }

        var word = text[start..position];
        return new LabelToken(Keyword(word) ?? LabelTokenKind.Identifier, word);
    }

    /// <summary>The longest run of special characters that is a token, growing one character at a time.</summary>
    private static LabelToken Special(string text, ref int position)
    {
        var start = position;
        var found = default(LabelToken);
        while (position < text.Length && IsSpecial(text[position]))
        {
            var candidate = text[start..(position + 1)];
            if (Keyword(candidate) is { } kind)
            {
                found = new LabelToken(kind, candidate);
            }
            else if (found.Kind != LabelTokenKind.Error)
            {
                break;
            }

            position++;
        }

        return found.Kind != LabelTokenKind.Error
            ? found
            : new LabelToken(LabelTokenKind.Error, $"error expected: keyword found '{text[start..position]}'");
    }

    private static LabelTokenKind? Keyword(string text) => text switch
    {
        ")" => LabelTokenKind.Close,
        "," => LabelTokenKind.Comma,
        "!" => LabelTokenKind.Not,
        "==" => LabelTokenKind.DoubleEqual,
        "=" => LabelTokenKind.Equal,
        ">" => LabelTokenKind.Greater,
        "in" => LabelTokenKind.In,
        "<" => LabelTokenKind.Less,
        "!=" => LabelTokenKind.NotEqual,
        "notin" => LabelTokenKind.NotIn,
        "(" => LabelTokenKind.Open,
        _ => null,
    };

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsSpecial(char c) => Specials.Contains(c, StringComparison.Ordinal);
}
