namespace OrleansOrchestrator.Cel.Types;

/// <summary>
/// Reads the signatures that libraries declare: <c>string.(int, list(A)) bool</c> is a method on strings. A type of one
/// capital letter is a parameter; names with a dot and unknown names are opaque.
/// </summary>
internal sealed class SignatureText
{
    private readonly string _text;
    private int _at;

    private SignatureText(string text) => _text = text;

    /// <summary>Whether it is a method, what it takes (the target first) and what it gives.</summary>
    public static (bool IsMember, CelType[] Arguments, CelType Result) Parse(string text)
    {
        var reader = new SignatureText(text);
        var arguments = new List<CelType>();
        var isMember = !reader.Take('(');
        if (isMember)
        {
            arguments.Add(reader.Type());
            reader.Expect(".(");
        }

        while (!reader.Take(')'))
        {
            arguments.Add(reader.Type());
            reader.Take(',');
            reader.Take(' ');
        }

        reader.Expect(" ");
        return (isMember, [.. arguments], reader.Type());
    }

    public static CelType ParseType(string text) => new SignatureText(text).Type();

    private CelType Type()
    {
        var start = _at;
        while (_at < _text.Length
            && (char.IsLetterOrDigit(_text[_at]) || _text[_at] == '_'
                || (_text[_at] == '.' && _at + 1 < _text.Length && _text[_at + 1] != '(')))
        {
            _at++;
        }

        var name = _text[start.._at];
        if (name.Length == 0)
        {
            throw new FormatException($"The signature '{_text}' lacks a type at {_at}.");
        }

        // A parenthesis after a dot opens the arguments of a method, not parameters of the type.
        return Take('(') ? Parametric(name) : Simple(name);
    }

    private CelType Parametric(string name)
    {
        var parameters = new List<CelType>();
        do
        {
            Take(' ');
            parameters.Add(Type());
        }
        while (Take(','));

        Expect(")");
        return name switch
        {
            "list" => CelType.List(parameters[0]),
            "map" => CelType.Map(parameters[0], parameters[1]),
            "optional" => CelType.Optional(parameters[0]),
            "type" => CelType.TypeOf(parameters[0]),
            _ => CelType.Opaque(name, [.. parameters]),
        };
    }

    private static CelType Simple(string name) => name switch
    {
        "dyn" => CelType.Dyn,
        "null" => CelType.Null,
        "bool" => CelType.Bool,
        "int" => CelType.Int,
        "uint" => CelType.Uint,
        "double" => CelType.Double,
        "string" => CelType.String,
        "bytes" => CelType.Bytes,
        "timestamp" => CelType.Timestamp,
        "duration" => CelType.Duration,
        "type" => CelType.TypeType,
        _ when name.Length == 1 && char.IsAsciiLetterUpper(name[0]) => CelType.Parameter(name),
        _ => CelType.Opaque(name),
    };

    private bool Take(char wanted)
    {
        if (_at >= _text.Length || _text[_at] != wanted)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Expect(string wanted)
    {
        if (!_text.AsSpan(_at).StartsWith(wanted, StringComparison.Ordinal))
        {
            throw new FormatException($"The signature '{_text}' lacks '{wanted}' at {_at}.");
        }

        _at += wanted.Length;
    }
}
