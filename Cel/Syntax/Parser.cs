using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>What a text may use beyond the plain language.</summary>
/// <param name="Macros">By name; several of one name differ in how many arguments they take.</param>
internal sealed record ParserOptions(ILookup<string, Macro> Macros, bool HasOptionals, bool HasEscapedNames);

/// <summary>A tree, the highest id in it, and what was written where macros stand.</summary>
internal sealed record ParsedExpr(Expr Root, int LastId, IReadOnlyDictionary<int, CallExpr> Written);

/// <summary>
/// Reads an expression. It goes on after a mistake where it can, so that several are told at once. Nesting and length
/// are bounded, so that no text can exhaust the stack here or in what walks the tree later.
/// </summary>
internal sealed class Parser : ExprFactory
{
    /// <summary>Code points a text may have.</summary>
    private const int MaxLength = 100_000;

    /// <summary>How deep expressions nest.</summary>
    private const int MaxDepth = 250;

    private readonly ParserOptions _options;
    private readonly TokenReader _tokens;
    private int _depth;
    private bool _tooDeep;

    private Parser(string text, ParserOptions options, Issues issues)
        : base(issues)
    {
        _options = options;
        _tokens = new TokenReader(text, issues);
    }

    /// <summary>The tree of a text; without meaning when there are issues.</summary>
    public static ParsedExpr Parse(string text, ParserOptions options, Issues issues)
    {
        if (text.Length > MaxLength && text.EnumerateRunes().Count() is var length and > MaxLength)
        {
            issues.Add(-1, $"expression code point size exceeds limit: size: {length}, limit {MaxLength}");
            return new ParsedExpr(new ConstExpr(1, 0, CelValue.Null), 1, new Dictionary<int, CallExpr>());
        }

        var parser = new Parser(text, options, issues);
        var root = parser.Expression();
        if (!parser._tooDeep)
        {
            parser._tokens.ExpectEnd();
        }

        return new ParsedExpr(root, parser.LastId, parser.Written);
    }

    private Expr Expression(string expected = TokenReader.ExpressionStart)
    {
        if (_depth >= MaxDepth)
        {
            return TooDeep($"expression recursion limit exceeded: {MaxDepth}");
        }

        _depth++;
        var condition = Chain(0, expected);
        if (!_tooDeep && _tokens.TryTake("?", out var mark))
        {
            var yes = Chain(0, TokenReader.ExpressionStart);
            _tokens.Expect(":");
            var no = Expression();
            condition = Call(mark.Position, Operators.Conditional, condition, yes, no);
        }

        _depth--;
        return condition;
    }

    private Expr TooDeep(string message)
    {
        if (!_tooDeep)
        {
            Issues.Add(-1, message);
        }

        _tooDeep = true;
        return Const(0, CelValue.Null);
    }

    /// <summary>Operands joined by || (level 0) or && (level 1), as a balanced tree, since there may be many.</summary>
    private Expr Chain(int level, string expected)
    {
        var (symbol, function) = level == 0 ? ("||", Operators.Or) : ("&&", Operators.And);
        var first = level == 0 ? Chain(1, expected) : Binary(3, expected);
        if (_tooDeep || !_tokens.Is(symbol))
        {
            return first;
        }

        var operands = new List<Expr> { first };
        var places = new List<int>();
        while (!_tooDeep && _tokens.TryTake(symbol, out var mark))
        {
            places.Add(mark.Position);
            operands.Add(level == 0 ? Chain(1, TokenReader.ExpressionStart) : Binary(3, TokenReader.ExpressionStart));
        }

        return Balance(function, operands, places, 0, operands.Count - 1);
    }

    private CallExpr Balance(string function, List<Expr> operands, List<int> places, int from, int to)
    {
        var middle = (from + to) / 2;
        var left = from == middle ? operands[from] : Balance(function, operands, places, from, middle);
        var right = middle + 1 == to ? operands[to] : Balance(function, operands, places, middle + 1, to);
        return Call(places[middle], function, left, right);
    }

    private Expr Binary(int strength, string expected)
    {
        var left = strength == 5 ? Unary(expected) : Binary(strength + 1, expected);
        var length = 0;
        while (!_tooDeep && BinaryOperator(_tokens.Current, strength) is { } function)
        {
            if (++length > MaxDepth)
            {
                return TooDeep("max recursion depth exceeded");
            }

            var position = _tokens.Take().Position;
            var right = strength == 5 ? Unary(TokenReader.ExpressionStart)
                : Binary(strength + 1, TokenReader.ExpressionStart);
            left = Call(position, function, left, right);
        }

        return left;
    }

    private static string? BinaryOperator(Token token, int strength) => token.Kind != TokenKind.Symbol ? null
        : (token.Text, strength) switch
        {
            ("==", 3) => Operators.Equal,
            ("!=", 3) => Operators.NotEqual,
            ("<", 3) => Operators.Less,
            ("<=", 3) => Operators.LessOrEqual,
            (">", 3) => Operators.Greater,
            (">=", 3) => Operators.GreaterOrEqual,
            ("in", 3) => Operators.In,
            ("+", 4) => Operators.Add,
            ("-", 4) => Operators.Subtract,
            ("*", 5) => Operators.Multiply,
            ("/", 5) => Operators.Divide,
            ("%", 5) => Operators.Modulo,
            _ => null,
        };

    private Expr Unary(string expected)
    {
        if (_tokens.Is("!"))
        {
            return Repeated("!", Operators.Not);
        }

        if (_tokens.Is("-") && !IsNegativeLiteral())
        {
            return Repeated("-", Operators.Negate);
        }

        return Member(expected);
    }

    private bool IsNegativeLiteral() => _tokens.NextKind is TokenKind.Int or TokenKind.Double;

    /// <summary>An even number of signs is none.</summary>
    private Expr Repeated(string symbol, string function)
    {
        var position = _tokens.Current.Position;
        var count = 0;
        while (_tokens.Is(symbol) && (symbol == "!" || !IsNegativeLiteral() || count == 0))
        {
            _tokens.Take();
            count++;
        }

        var operand = Member(TokenReader.ExpressionStart);
        return count % 2 == 0 ? operand : Call(position, function, operand);
    }

    private Expr Member(string expected)
    {
        var operand = Primary(expected);
        var length = 0;
        while (!_tooDeep)
        {
            if (_tokens.TryTake(".", out var dot))
            {
                operand = AfterDot(operand, dot.Position);
            }
            else if (_tokens.TryTake("[", out var bracket))
            {
                var isOptional = TakeOptionalMark(bracket.Position, "[?");
                var index = Expression();
                _tokens.Expect("]");
                operand = Call(
                    bracket.Position, isOptional ? Operators.OptionalIndex : Operators.Index, operand, index);
            }
            else
            {
                break;
            }

            if (++length > MaxDepth)
            {
                return TooDeep("max recursion depth exceeded");
            }
        }

        return operand;
    }

    private bool TakeOptionalMark(int position, string shown)
    {
        if (!_tokens.TryTake("?"))
        {
            return false;
        }

        if (!_options.HasOptionals)
        {
            Issues.Add(position, $"unsupported syntax '{shown}'");
        }

        return true;
    }

    private Expr AfterDot(Expr operand, int position)
    {
        var isOptional = TakeOptionalMark(position, ".?");
        var name = _tokens.Current;
        if (name.Kind == TokenKind.EscapedIdentifier)
        {
            return Select(position, operand, EscapedName(_tokens.Take()), isOptional);
        }

        if (name.Kind != TokenKind.Identifier)
        {
            _tokens.Complain(name.Kind == TokenKind.Symbol && char.IsAsciiLetter(name.Text[0])
                ? $"mismatched input '{name.Text}' expecting IDENTIFIER"
                : $"no viable alternative at input '.{(name.Kind == TokenKind.End ? "" : name.Text)}'");
            _tokens.Skip();
            return operand;
        }

        _tokens.Take();
        if (isOptional || !_tokens.TryTake("(", out var open))
        {
            return Select(position, operand, name.Text, isOptional);
        }

        return Expand(open.Position, name.Text, operand, Arguments());
    }

    private Expr Select(int position, Expr operand, string field, bool isOptional) =>
        new SelectExpr(NextId(), position, operand, field, isTest: false, isOptional);

    private string EscapedName(Token token)
    {
        if (!_options.HasEscapedNames)
        {
            Issues.Add(token.Position, "unsupported syntax: '`'");
        }

        return token.Text[1..^1];
    }

    private Expr[] Arguments()
    {
        var arguments = new List<Expr>();
        if (_tokens.TryTake(")"))
        {
            return [];
        }

        do
        {
            arguments.Add(Expression(arguments.Count == 0
                ? TokenReader.ExpressionStart.Replace("'(', ", "'(', ')', ", StringComparison.Ordinal)
                : TokenReader.ExpressionStart));
        }
        while (!_tooDeep && _tokens.TryTake(","));

        _tokens.Expect(")");
        return [.. arguments];
    }

    private Expr Primary(string expected)
    {
        if (!_tokens.ExpectOperand(expected))
        {
            return Const(_tokens.Current.Position, CelValue.Null);
        }

        var token = _tokens.Current;
        return token.Kind switch
        {
            TokenKind.Identifier => Name(""),
            TokenKind.Symbol => Symbol(token),
            _ => Literal(_tokens.Take(), ""),
        };
    }

    private Expr Symbol(Token token)
    {
        _tokens.Take();
        switch (token.Text)
        {
            case "true":
                return Const(token.Position, CelValue.True);
            case "false":
                return Const(token.Position, CelValue.False);
            case "null":
                return Const(token.Position, CelValue.Null);
            case "-" when _tokens.Current.Kind is TokenKind.Int or TokenKind.Double:
                return Literal(_tokens.Take(), "-", token.Position);
            case "(":
                var inner = Expression();
                _tokens.Expect(")");
                return inner;
            case "[":
                return List(token.Position);
            case "{":
                return Map(token.Position);
            case "." when _tokens.Current.Kind == TokenKind.Identifier:
                return Name(".");
            default:
                _tokens.Complain($"no viable alternative at input '{token.Text}'");
                _tokens.ExpectOperand(TokenReader.ExpressionStart);
                return Const(token.Position, CelValue.Null);
        }
    }

    private Expr Literal(Token token, string sign, int position = -1)
    {
        position = position < 0 ? token.Position : position;
        var complaint = "";
        var value = token.Kind switch
        {
            TokenKind.Int => Literals.Int(sign + token.Text),
            TokenKind.Uint => Literals.Uint(token.Text),
            TokenKind.Double => Literals.Double(sign + token.Text),
            _ => Literals.Quoted(token.Text, token.Kind == TokenKind.Bytes, out complaint),
        };
        if (value is null)
        {
            var name = token.Kind.ToString().ToLowerInvariant();
            Issues.Add(position, complaint.Length > 0 ? complaint : $"invalid {name} literal");
        }

        return Const(position, value ?? CelValue.Null);
    }

    /// <summary>A variable, a call of a function, or a message, whose name has dots.</summary>
    private Expr Name(string prefix)
    {
        var first = _tokens.Take();
        if (_tokens.TryTake("(", out var open))
        {
            return Expand(open.Position, prefix + first.Text, null, Arguments());
        }

        if (CelNames.IsReserved(first.Text))
        {
            Issues.Add(first.Position, $"reserved identifier: {first.Text}");
        }

        return MessageName(prefix + first.Text) is { } message
            ? Message(message)
            : new IdentExpr(NextId(), first.Position, prefix + first.Text);
    }

    /// <summary>The whole name when a brace follows it; then its tokens are taken.</summary>
    private string? MessageName(string first)
    {
        var (name, taken) = (first, 0);
        while (_tokens.Peek(taken).Is(".") && _tokens.Peek(taken + 1).Kind == TokenKind.Identifier)
        {
            name += "." + _tokens.Peek(taken + 1).Text;
            taken += 2;
        }

        if (!_tokens.Peek(taken).Is("{"))
        {
            return null;
        }

        for (; taken > 0; taken--)
        {
            _tokens.Take();
        }

        return name;
    }

    private StructExpr Message(string name)
    {
        var open = _tokens.Take();
        var id = NextId();
        var fields = new List<FieldExpr>();
        while (!_tooDeep && !_tokens.Is("}"))
        {
            var position = _tokens.Current.Position;
            var isOptional = TakeOptionalMark(position, "?");
            var field = _tokens.Current;
            if (field.Kind is not (TokenKind.Identifier or TokenKind.EscapedIdentifier))
            {
                _tokens.Complain($"mismatched input '{field.Text}' expecting "
                    + (isOptional ? "{IDENTIFIER, ESC_IDENTIFIER}" : "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}"));
                return new StructExpr(id, open.Position, name, []);
            }

            _tokens.Take();
            var colon = _tokens.Current.Position;
            _tokens.Expect(":");
            var text = field.Kind == TokenKind.EscapedIdentifier ? EscapedName(field) : field.Text;
            fields.Add(new FieldExpr(NextId(), colon, text, Expression(), isOptional));
            if (!_tokens.TryTake(","))
            {
                break;
            }
        }

        _tokens.Expect("}");
        return new StructExpr(id, open.Position, name, [.. fields]);
    }

    private ListExpr List(int position)
    {
        var id = NextId();
        var elements = new List<Expr>();
        var optional = new List<bool>();
        while (!_tooDeep && !_tokens.Is("]"))
        {
            optional.Add(TakeOptionalMark(_tokens.Current.Position, "?"));
            elements.Add(Expression(elements.Count == 0 ? Opened("]") : TokenReader.ExpressionStart));
            if (!_tokens.TryTake(","))
            {
                break;
            }
        }

        _tokens.Expect("]");
        return new ListExpr(id, position, [.. elements], optional.Contains(true) ? [.. optional] : null);
    }

    private MapExpr Map(int position)
    {
        var id = NextId();
        var entries = new List<EntryExpr>();
        while (!_tooDeep && !_tokens.Is("}"))
        {
            var isOptional = TakeOptionalMark(_tokens.Current.Position, "?");
            var key = Expression(entries.Count == 0 ? Opened("}") : TokenReader.ExpressionStart);
            var colon = _tokens.Current.Position;
            _tokens.Expect(":");
            entries.Add(new EntryExpr(NextId(), colon, key, Expression(), isOptional));
            if (!_tokens.TryTake(","))
            {
                break;
            }
        }

        _tokens.Expect("}");
        return new MapExpr(id, position, [.. entries]);
    }

    /// <summary>What may follow an opened list or map.</summary>
    private static string Opened(string close) => TokenReader.ExpressionStart
        .Replace("'(', '.', '-', '!', ", $"'{close}', '(', '.', ',', '-', '!', '?', ", StringComparison.Ordinal);

    private Expr Expand(int position, string name, Expr? target, Expr[] arguments)
    {
        var call = new CallExpr(NextId(), position, name, target, arguments);
        if (_tooDeep)
        {
            return call;
        }

        foreach (var macro in _options.Macros[name])
        {
            if (macro.IsMember == target is not null && macro.Arguments == arguments.Length
                && macro.Expand(this, call) is { } expanded)
            {
                Written[expanded.Id] = call;
                return expanded;
            }
        }

        return call;
    }
}
