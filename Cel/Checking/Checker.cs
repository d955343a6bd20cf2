using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Cel.Checking;

/// <summary>A tree with what was found out about its parts, by their ids.</summary>
internal sealed record CheckedExpr(ParsedExpr Parsed, CelType[] Types, Reference?[] References)
{
    public CelType ResultType => Types[Parsed.Root.Id];
}

/// <summary>Finds the type of each part of an expression and what its names mean.</summary>
internal sealed class Checker
{
    private readonly Declarations _declarations;
    private readonly Issues _issues;
    private readonly Substitution _known = new();
    private readonly CelType[] _types;
    private readonly Reference?[] _references;
    private readonly List<(string Name, CelType Type)> _locals = [];

    private Checker(Declarations declarations, Issues issues, int lastId)
    {
        _declarations = declarations;
        _issues = issues;
        _types = new CelType[lastId + 1];
        _references = new Reference?[lastId + 1];
        Array.Fill(_types, CelType.Error);
    }

    /// <summary>Without meaning when there are issues afterwards.</summary>
    public static CheckedExpr Check(ParsedExpr parsed, Declarations declarations, Issues issues)
    {
        var checker = new Checker(declarations, issues, parsed.LastId);
        checker.Check(parsed.Root);
        for (var i = 0; i < checker._types.Length; i++)
        {
            checker._types[i] = checker._known.Apply(checker._types[i], toDyn: true);
        }

        return new CheckedExpr(parsed, checker._types, checker._references);
    }

    private CelType Check(Expr expression)
    {
        var type = expression switch
        {
            ConstExpr constant => constant.Value.Type,
            IdentExpr ident => CheckIdent(ident),
            SelectExpr select => CheckSelect(select),
            CallExpr call => CheckCall(call),
            ListExpr list => CheckList(list),
            MapExpr map => CheckMap(map),
            StructExpr made => CheckStruct(made),
            FoldExpr fold => CheckFold(fold),
            _ => throw new InvalidOperationException($"A {expression.GetType().Name} has no type."),
        };
        return _types[expression.Id] = type;
    }

    private CelType Known(CelType type) => _known.Apply(type);

    private CelType CheckIdent(IdentExpr ident)
    {
        if (FindLocal(ident.Name) is { } local)
        {
            return local;
        }

        if (_declarations.FindName(ident.Name) is { } found)
        {
            _references[ident.Id] = found;
            return found.Type;
        }

        return Undeclared(ident.Position, ident.Name);
    }

    private CelType? FindLocal(string name)
    {
        for (var i = _locals.Count - 1; i >= 0; i--)
        {
            if (_locals[i].Name == name)
            {
                return _locals[i].Type;
            }
        }

        return null;
    }

    private CelType Undeclared(int position, string name) =>
        Refuse(position, $"undeclared reference to '{name}' (in container '{_declarations.Container}')");

    private CelType Refuse(int position, string message)
    {
        _issues.Add(position, message);
        return CelType.Error;
    }

    /// <summary>
    /// The name that a chain of selections spells; null when it is none, or a macro's variable has it.
    /// </summary>
    private string? QualifiedName(Expr expression) => expression switch
    {
        IdentExpr ident => FindLocal(ident.Name) is null ? ident.Name : null,
        SelectExpr { IsTest: false, IsOptional: false } select =>
            QualifiedName(select.Operand) is { } name ? $"{name}.{select.Field}" : null,
        _ => null,
    };

    private CelType CheckSelect(SelectExpr select)
    {
        if (!select.IsTest && QualifiedName(select) is { } name && _declarations.FindName(name) is { } found)
        {
            _references[select.Id] = found;
            return found.Type;
        }

        var operand = Known(Check(select.Operand));
        var target = operand.IsOptional ? operand.Parameters[0] : operand;
        var field = FieldType(select, Known(target));
        return select.IsTest ? CelType.Bool
            : operand.IsOptional || select.IsOptional ? CelType.Optional(field)
            : field;
    }

    private CelType FieldType(SelectExpr select, CelType target)
    {
        switch (target.Kind)
        {
            case CelTypeKind.Map:
                return target.Parameters[1];
            case CelTypeKind.Object:
                return FieldOf(select.Position, target, select.Field);
            case CelTypeKind.Parameter:
                _known.TryAssign(CelType.Dyn, target);
                return CelType.Dyn;
            case CelTypeKind.Dyn or CelTypeKind.Error:
                return CelType.Dyn;
            default:
                Refuse(select.Position, $"type '{target}' does not support field selection");
                return CelType.Dyn;
        }
    }

    private CelType FieldOf(int position, CelType target, string field) =>
        _declarations.IsOpen(target.Name) ? CelType.Dyn
        : !_declarations.Objects.TryGetValue(target.Name, out var schema)
            ? Refuse(position, $"unexpected failed resolution of '{target.Name}'")
        : schema.Fields.TryGetValue(field, out var found) ? found.Schema.Type
        : Refuse(position, $"undefined field '{field}'");

    private CelType CheckCall(CallExpr call)
    {
        foreach (var argument in call.Arguments)
        {
            Check(argument);
        }

        if (call.Target is null)
        {
            return _declarations.FindFunction(call.Function) is { } function
                ? Resolve(call, function, null, isQualified: false)
                : Undeclared(call.Position, call.Function.TrimStart('.'));
        }

        if (QualifiedName(call.Target) is { } prefix
            && _declarations.FindFunction($"{prefix}.{call.Function}") is { } qualified)
        {
            return Resolve(call, qualified, null, isQualified: true);
        }

        Check(call.Target);
        return _declarations.FindFunction(call.Function) is { } method
            ? Resolve(call, method, call.Target, isQualified: false)
            : Undeclared(call.Position, call.Function);
    }

    private CelType Resolve(CallExpr call, CelFunction function, Expr? target, bool isQualified)
    {
        var arguments = target is null ? call.Arguments : [target, .. call.Arguments];
        var given = arguments.Select(a => _types[a.Id]).ToArray();
        var fitting = new List<CelOverload>();
        CelType? result = null;
        foreach (var overload in function.Overloads)
        {
            if (overload.IsMember != target is not null || overload.Arguments.Length != given.Length)
            {
                continue;
            }

            var (wanted, gives) = Instance(overload);
            if (!_known.TryAssign(wanted, given))
            {
                continue;
            }

            fitting.Add(overload);
            var type = Known(gives);
            result = result is null ? type : result.Kind == CelTypeKind.Dyn || result.Equals(type) ? result
                : CelType.Dyn;
        }

        if (result is null)
        {
            return NoOverload(call.Position, function.Name, given, target is not null);
        }

        _references[call.Id] =
            new Reference { Overloads = [.. fitting], IsQualified = isQualified, Type = result, Function =
                function.Name };
        return result;
    }

    /// <summary>The overload with parameters of its own.</summary>
    private (CelType[] Arguments, CelType Result) Instance(CelOverload overload)
    {
        if (overload.Parameters.Length == 0)
        {
            return (overload.Arguments, overload.Result);
        }

        var names = overload.Parameters.ToDictionary(static p => p, _ => _known.Fresh(), StringComparer.Ordinal);
        return ([.. overload.Arguments.Select(a => Substitution.Rename(a, names))],
            Substitution.Rename(overload.Result, names));
    }

    private CelType NoOverload(int position, string function, CelType[] given, bool isMember)
    {
        var shown = given.Select(t => _known.Apply(t, toDyn: true).ToString()).ToArray();
        var text = isMember
            ? $"{shown[0]}.({string.Join(", ", shown.Skip(1))})"
            : $"({string.Join(", ", shown)})";
        return Refuse(position, $"found no matching overload for '{function}' applied to '{text}'");
    }

    private CelType CheckList(ListExpr list)
    {
        CelType? joined = null;
        for (var i = 0; i < list.Elements.Length; i++)
        {
            var element = list.Elements[i];
            joined = Join(element.Position, joined, Unwrapped(element, list.IsOptional(i)));
        }

        return CelType.List(joined ?? _known.Fresh());
    }

    /// <summary>The type of an element; of one that is left out when absent, what its optional holds.</summary>
    private CelType Unwrapped(Expr element, bool isOptional)
    {
        var type = Check(element);
        if (!isOptional)
        {
            return type;
        }

        var known = Known(type);
        if (known.IsOptional)
        {
            return known.Parameters[0];
        }

        if (known.Kind is not (CelTypeKind.Dyn or CelTypeKind.Error))
        {
            Mismatch(element.Position, CelType.Optional(known), known);
        }

        return known;
    }

    private CelType Join(int position, CelType? previous, CelType current)
    {
        if (previous is null)
        {
            return current;
        }

        if (_known.TryAssign(previous, current))
        {
            return Substitution.MostGeneral(previous, current);
        }

        return _declarations.HasUniformLiterals ? Mismatch(position, previous, current) : CelType.Dyn;
    }

    private CelType Mismatch(int position, CelType wanted, CelType given) =>
        Refuse(position, $"expected type '{Shown(wanted)}' but found '{Shown(given)}'");

    private CelType Shown(CelType type) => _known.Apply(type, toDyn: true);

    private CelType CheckMap(MapExpr map)
    {
        CelType? keys = null;
        CelType? values = null;
        foreach (var entry in map.Entries)
        {
            keys = Join(entry.Key.Position, keys, Check(entry.Key));
            values = Join(entry.Value.Position, values, Unwrapped(entry.Value, entry.IsOptional));
        }

        return CelType.Map(keys ?? _known.Fresh(), values ?? _known.Fresh());
    }

    private CelType CheckStruct(StructExpr made)
    {
        var found = _declarations.FindName(made.TypeName);
        var type = CelType.Error;
        if (found is null)
        {
            return Undeclared(made.Position, made.TypeName.TrimStart('.'));
        }

        if (found.Type.Kind != CelTypeKind.Type || found.Type.Parameters.Count == 0)
        {
            Refuse(made.Position, $"'{found.Type}' is not a type");
        }
        else
        {
            type = found.Type.Parameters[0];
            if (type.Kind != CelTypeKind.Object)
            {
                Refuse(made.Position, $"'{type}' is not a message type");
                type = CelType.Error;
            }
        }

        _references[made.Id] = found;
        foreach (var field in made.Fields)
        {
            var given = Unwrapped(field.Value, field.IsOptional);
            var wanted = type.Kind == CelTypeKind.Object ? FieldOf(field.Position, type, field.Name) : CelType.Error;
            if (!_known.TryAssign(wanted, given))
            {
                Refuse(field.Position, $"expected type of field '{field.Name}' is '{Shown(wanted)}' "
                    + $"but provided type is '{Shown(given)}'");
            }
        }

        return type;
    }

    private CelType CheckFold(FoldExpr fold)
    {
        var range = Known(Check(fold.Range));
        var start = Check(fold.Start);
        var (first, second) = Elements(fold, range);
        _locals.Add((fold.Accumulator, start));
        var mark = _locals.Count;
        if (fold.SecondVariable is null)
        {
            _locals.Add((fold.Variable, range.Kind == CelTypeKind.List ? second : first));
        }
        else
        {
            _locals.Add((fold.Variable, first));
            _locals.Add((fold.SecondVariable, second));
        }

        Require(fold.Condition, CelType.Bool);
        Require(fold.Step, start);
        _locals.RemoveRange(mark, _locals.Count - mark);
        var result = Check(fold.Result);
        _locals.RemoveAt(mark - 1);
        return Known(result);
    }

    /// <summary>The types of index or key, and of value.</summary>
    private (CelType First, CelType Second) Elements(FoldExpr fold, CelType range)
    {
        switch (range.Kind)
        {
            case CelTypeKind.List:
                return (CelType.Int, range.Parameters[0]);
            case CelTypeKind.Map:
                return (range.Parameters[0], range.Parameters[1]);
            case CelTypeKind.Dyn or CelTypeKind.Error or CelTypeKind.Parameter:
                _known.TryAssign(CelType.Dyn, range);
                return (CelType.Dyn, CelType.Dyn);
            default:
                Refuse(fold.Range.Position,
                    $"expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)");
                return (CelType.Error, CelType.Error);
        }
    }

    private void Require(Expr expression, CelType wanted)
    {
        var given = Check(expression);
        if (!_known.TryAssign(wanted, given))
        {
            Mismatch(expression.Position, wanted, given);
        }
    }
}
