namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>
/// The tokens of an expression as a parser takes them, and the complaints about those that do not fit, in the words of
/// the parser generator that upstream uses. After a complaint nothing is said until a token fits again.
/// </summary>
internal sealed class TokenReader
{
    public const string ExpressionStart =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', "
        + "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

    private readonly Issues _issues;
    private readonly List<Token> _tokens;
    private int _at;
    private bool _recovering;

    public TokenReader(string text, Issues issues)
    {
        _issues = issues;
        _tokens = new Lexer(text, issues).Read();
    }

    public Token Current => _tokens[_at];

    private Token Next => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    public bool Is(string symbol) => Current.Is(symbol);

    public TokenKind NextKind => Next.Kind;

    /// <summary>The token so many places on.</summary>
    public Token Peek(int ahead) => _tokens[Math.Min(_at + ahead, _tokens.Count - 1)];

    /// <summary>Leaves out the token that was complained about.</summary>
    public void Skip() => _at = Math.Min(_at + 1, _tokens.Count - 1);

    public Token Take()
    {
        var token = Current;
        _recovering = false;
        if (token.Kind != TokenKind.End)
        {
            _at++;
        }

        return token;
    }

    public bool TryTake(string symbol)
    {
        if (!Is(symbol))
        {
            return false;
        }

        Take();
        return true;
    }

    public bool TryTake(string symbol, out Token token)
    {
        token = Current;
        return TryTake(symbol);
    }

    /// <summary>Takes the symbol that must be here, over one token too many or as if it were there.</summary>
    public void Expect(string symbol)
    {
        if (TryTake(symbol))
        {
            return;
        }

        if (Next.Is(symbol))
        {
            Complain($"extraneous input '{Current.Text}' expecting '{symbol}'");
            _at++;
            Take();
        }
        else if (symbol != ":" && (Current.Kind == TokenKind.End || Follows(Current)))
        {
            Complain($"missing '{symbol}' at '{Current.Text}'");
        }
        else
        {
            Complain($"mismatched input '{Current.Text}' expecting '{symbol}'");
        }
    }

    public void ExpectEnd()
    {
        if (Current.Kind != TokenKind.End)
        {
            Complain(
                $"{(Next.Kind == TokenKind.End ? "extraneous" : "mismatched")} input '{Current.Text}' expecting <EOF>");
        }
    }

    /// <summary>Whether an operand starts here; if not, says so and goes on to where one can.</summary>
    public bool ExpectOperand(string expected)
    {
        if (StartsOperand(Current))
        {
            return true;
        }

        if (Current.Kind != TokenKind.End && StartsOperand(Next))
        {
            Complain($"extraneous input '{Current.Text}' expecting {expected}");
            _at++;
            return true;
        }

        Complain($"mismatched input '{Current.Text}' expecting {expected}");
        while (Current.Kind != TokenKind.End && !Follows(Current))
        {
            _at++;
        }

        return false;
    }

    public void Complain(string message)
    {
        if (!_recovering)
        {
            _issues.Add(Current.Position, "Syntax error: " + message);
        }

        _recovering = true;
    }

    public static bool StartsOperand(Token token) => token.Kind switch
    {
        TokenKind.End or TokenKind.EscapedIdentifier => false,
        TokenKind.Symbol => token.Text is "[" or "{" or "(" or "." or "-" or "!" or "true" or "false" or "null",
        _ => true,
    };

    /// <summary>Whether a token can stand after a finished operand.</summary>
    private static bool Follows(Token token) => token.Kind == TokenKind.Symbol && token.Text is
        "==" or "!=" or "<" or "<=" or ">" or ">=" or "in" or "&&" or "||" or "?" or ":" or "+" or "*" or "/" or "%"
        or ")" or "]" or "}" or ",";
}
