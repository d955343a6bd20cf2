using System.Globalization;
using System.Text;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>Writes a tree as a text that is read back as the same tree.</summary>
internal sealed class Printer
{
    private const int Strongest = 8;

    private readonly StringBuilder _text = new();
    private readonly IReadOnlyDictionary<int, CallExpr> _written;

    private Printer(IReadOnlyDictionary<int, CallExpr> written) => _written = written;

    public static string Print(ParsedExpr parsed)
    {
        var printer = new Printer(parsed.Written);
        printer.Write(parsed.Root, 0);
        return printer._text.ToString();
    }

    /// <summary>Writes it, in parentheses when it binds weaker than what is around it.</summary>
    private void Write(Expr expression, int strength)
    {
        var shown = _written.TryGetValue(expression.Id, out var call) ? call : expression;
        var needs = Strength(shown) < strength;
        _text.Append(needs ? "(" : "");
        WriteBare(shown);
        _text.Append(needs ? ")" : "");
    }

    private static int Strength(Expr expression) => expression switch
    {
        CallExpr { Target: null, Function: Operators.Conditional } => 0,
        CallExpr { Target: null, Function: Operators.Not or Operators.Negate } => 6,
        CallExpr { Target: null } call when Operators.Binary.TryGetValue(call.Function, out var binary) =>
            binary.Strength,
        ConstExpr { Value: { Kind: CelKind.Int, AsInt: < 0 } } => 7,
        ConstExpr { Value: { Kind: CelKind.Double } value } when double.IsNegative(value.AsDouble) => 7,
        _ => Strongest,
    };

    private void WriteBare(Expr expression)
    {
        switch (expression)
        {
            case ConstExpr constant:
                WriteConst(constant.Value);
                break;
            case IdentExpr ident:
                _text.Append(ident.Name);
                break;
            case SelectExpr { IsTest: true } test:
                _text.Append("has(");
                WriteSelect(test);
                _text.Append(')');
                break;
            case SelectExpr select:
                WriteSelect(select);
                break;
            case CallExpr call:
                WriteCall(call);
                break;
            case ListExpr list:
                WriteParts('[', ']', list.Elements.Length, i =>
                {
                    _text.Append(list.IsOptional(i) ? "?" : "");
                    Write(list.Elements[i], 0);
                });
                break;
            case MapExpr map:
                WriteParts('{', '}', map.Entries.Length, i => WriteEntry(
                    map.Entries[i].IsOptional, () => Write(map.Entries[i].Key, 0), map.Entries[i].Value));
                break;
            case StructExpr made:
                _text.Append(made.TypeName);
                WriteParts('{', '}', made.Fields.Length, i => WriteEntry(
                    made.Fields[i].IsOptional, () => _text.Append(FieldName(made.Fields[i].Name)),
                        made.Fields[i].Value));
                break;
            default:
                throw new InvalidOperationException($"A {expression.GetType().Name} has no text of its own.");
        }
    }

    private void WriteParts(char open, char close, int count, Action<int> write)
    {
        _text.Append(open);
        for (var i = 0; i < count; i++)
        {
            _text.Append(i > 0 ? ", " : "");
            write(i);
        }

        _text.Append(close);
    }

    private void WriteEntry(bool isOptional, Action key, Expr value)
    {
        _text.Append(isOptional ? "?" : "");
        key();
        _text.Append(": ");
        Write(value, 0);
    }

    private void WriteSelect(SelectExpr select)
    {
        Write(select.Operand, Strongest);
        _text.Append(select.IsOptional ? ".?" : ".").Append(FieldName(select.Field));
    }

    private static string FieldName(string name) =>
        name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_')
            && name is not ("in" or "true" or "false" or "null")
            ? name
            : $"`{name}`";

    private void WriteCall(CallExpr call)
    {
        if (call.Target is not null)
        {
            Write(call.Target, Strongest);
            _text.Append('.');
        }
        else if (WriteOperator(call))
        {
            return;
        }

        _text.Append(call.Function);
        WriteParts('(', ')', call.Arguments.Length, i => Write(call.Arguments[i], 0));
    }

    private bool WriteOperator(CallExpr call)
    {
        var arguments = call.Arguments;
        switch (call.Function)
        {
            case Operators.Conditional:
                Write(arguments[0], 1);
                _text.Append(" ? ");
                Write(arguments[1], 1);
                _text.Append(" : ");
                Write(arguments[2], 0);
                return true;
            case Operators.Not or Operators.Negate:
                _text.Append(call.Function[0]);
                // A sign before a number would be read as the number's own.
                Write(arguments[0], arguments[0] is ConstExpr ? Strongest + 1 : Strongest);
                return true;
            case Operators.Index or Operators.OptionalIndex:
                Write(arguments[0], Strongest);
                _text.Append(call.Function == Operators.Index ? "[" : "[?");
                Write(arguments[1], 0);
                _text.Append(']');
                return true;
            default:
                return WriteBinary(call);
        }
    }

    private bool WriteBinary(CallExpr call)
    {
        if (!Operators.Binary.TryGetValue(call.Function, out var binary))
        {
            return false;
        }

        // Chains of && and || are read as balanced trees, which those beside each other make again only as a whole.
        Write(call.Arguments[0], binary.Strength + (binary.Strength <= 2 ? 1 : 0));
        _text.Append(' ').Append(binary.Text).Append(' ');
        Write(call.Arguments[1], binary.Strength + 1);
        return true;
    }

    private void WriteConst(CelValue value)
    {
        _ = value.Kind switch
        {
            CelKind.String => WriteQuoted(value.AsString),
            CelKind.Bytes => WriteBytes(value.AsBytes),
            CelKind.Uint => _text.Append(value).Append('u'),
            CelKind.Double => _text.Append(DoubleText(value.AsDouble)),
            _ => _text.Append(value),
        };
    }

    private static string DoubleText(double number)
    {
        var text = CelNumbers.Format(number);
        return text.AsSpan().ContainsAny('.', 'e') ? text : text + ".0";
    }

    private StringBuilder WriteQuoted(string text)
    {
        _text.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => _text.Append('\\').Append(c),
                '\n' => _text.Append("\\n"),
                '\r' => _text.Append("\\r"),
                < ' ' => _text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => _text.Append(c),
            };
        }

        return _text.Append('"');
    }

    private StringBuilder WriteBytes(byte[] bytes)
    {
        _text.Append("b\"");
        foreach (var b in bytes)
        {
            _text.Append("\\x").Append(b.ToString("x2", CultureInfo.InvariantCulture));
        }

        return _text.Append('"');
    }
}
