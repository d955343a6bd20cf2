using OrleansOrchestrator.Cel.Checking;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Costs;

/// <summary>
/// How much an expression can cost at most and at least, from the sizes that schemas allow. It follows the paths of
/// fields from variables, so that the bounds of what is compared are known.
/// </summary>
internal sealed class CostEstimator
{
    private readonly CheckedExpr _checked;
    private readonly IReadOnlyDictionary<string, CelSchema> _schemas;
    private readonly Dictionary<int, string[]> _paths = [];
    private readonly Dictionary<int, CelCost> _sizes = [];
    private readonly Dictionary<int, EntrySize> _entrySizes = [];
    private readonly List<Local> _locals = [];

    private CostEstimator(CheckedExpr checkedExpr, IReadOnlyDictionary<string, CelSchema> schemas) =>
        (_checked, _schemas) = (checkedExpr, schemas);

    /// <param name="schemas">What is known of the data in variables.</param>
    public static CelCost Estimate(CheckedExpr expression, IReadOnlyDictionary<string, CelSchema> schemas) =>
        new CostEstimator(expression, schemas).CostOf(expression.Parsed.Root);

    private readonly record struct EntrySize(bool IsList, CelCost Key, CelCost Value)
    {
        public EntrySize Union(EntrySize other) => new(IsList, Key.Union(other.Key), Value.Union(other.Value));
    }

    private sealed record Local(string Name, string[] Path, CelCost? Size, EntrySize? Entry);

    internal CelType TypeOf(Expr expression) => _checked.Types[expression.Id];

    private CelCost CostOf(Expr expression) => expression switch
    {
        IdentExpr ident => OfIdent(ident),
        SelectExpr select => OfSelect(select),
        CallExpr call => OfCall(call),
        ListExpr list => OfList(list),
        MapExpr map => OfMap(map),
        StructExpr made => made.Fields.Aggregate(
            CelCost.Of(CallCosts.StructCreation), (sum, f) => sum + CostOf(f.Value)),
        FoldExpr { IsBinding: true } binding => OfBinding(binding),
        FoldExpr fold => OfFold(fold),
        _ => default,
    };

    private CelCost OfIdent(IdentExpr ident)
    {
        _paths[ident.Id] = FindLocal(ident.Name)?.Path ?? [ident.Name];
        return CelCost.Of(1);
    }

    private Local? FindLocal(string name) => _locals.FindLast(l => l.Name == name);

    private CelCost OfSelect(SelectExpr select)
    {
        if (_checked.References[select.Id]?.Variable is { } variable)
        {
            _paths[select.Id] = [variable.Name];
            return CelCost.Of(1);
        }

        var cost = CostOf(select.Operand);
        if (select.IsTest)
        {
            return cost;
        }

        if (select.IsOptional || TypeOf(select.Operand).Kind is CelTypeKind.Map or CelTypeKind.Object)
        {
            cost += CelCost.Of(1);
        }

        _paths[select.Id] = [.. PathOf(select.Operand), select.Field];
        return cost;
    }

    private CelCost OfCall(CallExpr call)
    {
        if (call.Function == "dyn" && call.Target is null)
        {
            var inner = CostOf(call.Arguments[0]);
            CopySizes(call, call.Arguments[0]);
            return inner + CelCost.Of(1);
        }

        var reference = _checked.References[call.Id];
        var target = reference?.IsQualified == true ? null : call.Target;
        var costs = call.Arguments.Select(CostOf).ToArray();
        if (reference is null)
        {
            return default;
        }

        var sum = target is null ? default : CostOf(target);
        var own = new CelCost(ulong.MaxValue, 0);
        CelCost? size = null;
        foreach (var overload in reference.Overloads)
        {
            var (cost, result) = OfOverload(call, reference.Function, overload.Id, target, costs);
            own = own.Union(cost);
            size = result is null ? size : size?.Union(result.Value) ?? result;
            if (overload.Id is "index_list" or "index_map")
            {
                size = EntrySizeOf(call.Arguments[0])?.Value;
                _paths[call.Id] =
                    [.. PathOf(call.Arguments[0]), overload.Id == "index_list" ? "@items" : "@values"];
            }

            size ??= SizeOf(call);
        }

        if (size is not null)
        {
            _sizes[call.Id] = size.Value;
        }

        return sum + own;
    }

    private (CelCost Cost, CelCost? Size) OfOverload(
        CallExpr call, string function, string overload, Expr? target, CelCost[] costs)
    {
        var arguments = costs.Aggregate(default(CelCost), static (sum, c) => sum + c);
        switch (overload)
        {
            case "logical_and" or "logical_or":
                return (new CelCost(costs[0].Min, arguments.Max), null);
            case "conditional":
                return OfConditional(call, costs);
            case "add_string" or "add_bytes" or "add_list":
                return OfAddition(call, overload, arguments);
        }

        var inputs = new CallSizes(this, target, call.Arguments);
        return inputs.Of(function, overload) is { } estimate
            ? (estimate.Cost + arguments, estimate.Size)
            : (CelCost.Of(1) + arguments, null);
    }

    private (CelCost, CelCost?) OfConditional(CallExpr call, CelCost[] costs)
    {
        var (yes, no) = (call.Arguments[1], call.Arguments[2]);
        if (EntrySizeOf(yes) is { } first && EntrySizeOf(no) is { } second)
        {
            _entrySizes[call.Id] = first.Union(second);
        }

        return (costs[0] + costs[1].Union(costs[2]), SizeOrUnknown(yes).Union(SizeOrUnknown(no)));
    }

    private (CelCost, CelCost?) OfAddition(CallExpr call, string overload, CelCost arguments)
    {
        var (left, right) = (call.Arguments[0], call.Arguments[1]);
        if (EntrySizeOf(left) is { } first && EntrySizeOf(right) is { } second)
        {
            _entrySizes[call.Id] = first.Union(second);
        }

        var size = SizeOrUnknown(left) + SizeOrUnknown(right);
        return (arguments + (overload == "add_list" ? CelCost.Of(1) : size.Times(CallCosts.PerCharacter)), size);
    }

    private CelCost OfList(ListExpr list)
    {
        var sum = CelCost.Of(CallCosts.ListCreation);
        var size = new CelCost(list.Elements.Length == 0 ? 0 : ulong.MaxValue, 0);
        foreach (var element in list.Elements)
        {
            sum += CostOf(element);
            size = size.Union(SizeOrUnknown(element));
        }

        _entrySizes[list.Id] = new EntrySize(IsList: true, CelCost.Of(1), size);
        return sum;
    }

    private CelCost OfMap(MapExpr map)
    {
        var sum = CelCost.Of(CallCosts.MapCreation);
        var none = new CelCost(map.Entries.Length == 0 ? 0 : ulong.MaxValue, 0);
        var (keys, values) = (none, none);
        foreach (var entry in map.Entries)
        {
            sum += CostOf(entry.Key) + CostOf(entry.Value);
            keys = keys.Union(SizeOrUnknown(entry.Key));
            values = values.Union(SizeOrUnknown(entry.Value));
        }

        _entrySizes[map.Id] = new EntrySize(IsList: false, keys, values);
        return sum;
    }

    private CelCost OfBinding(FoldExpr fold)
    {
        var sum = CostOf(fold.Range) + CostOf(fold.Start);
        _locals.Add(new Local(fold.Accumulator, PathOf(fold.Start), SizeOf(fold.Start), EntrySizeOf(fold.Start)));
        sum += CostOf(fold.Result);
        _locals.RemoveAt(_locals.Count - 1);
        CopySizes(fold, fold.Result);
        return sum;
    }

    private CelCost OfFold(FoldExpr fold)
    {
        var sum = CostOf(fold.Range) + CostOf(fold.Start);
        var mark = _locals.Count;
        _locals.Add(new Local(fold.Accumulator, PathOf(fold.Start), SizeOf(fold.Start), EntrySizeOf(fold.Start)));
        PushVariables(fold);
        var each = CostOf(fold.Condition) + CostOf(fold.Step);
        _locals.RemoveRange(mark + 1, _locals.Count - mark - 1);
        sum += CostOf(fold.Result);
        _locals.RemoveAt(mark);
        var count = SizeOrUnknown(fold.Range);
        switch (fold.Start)
        {
            case ConstExpr when SizeOf(fold.Start) is { } size:
                _sizes[fold.Id] = size;
                break;
            case ListExpr or MapExpr:
                _sizes[fold.Id] = count;
                if (EntrySizeOf(fold.Step) is { } entry)
                {
                    _entrySizes[fold.Id] = entry;
                }

                break;
        }

        return sum + (count * each);
    }

    private void PushVariables(FoldExpr fold)
    {
        var entry = EntrySizeOf(fold.Range);
        var isList = entry?.IsList ?? TypeOf(fold.Range).Kind == CelTypeKind.List;
        var path = PathOf(fold.Range);
        var value = new Local(
            fold.SecondVariable ?? fold.Variable, [.. path, isList ? "@items" : "@values"], entry?.Value, null);
        var key = new Local(fold.Variable, [.. path, isList ? "@indices" : "@keys"], entry?.Key, null);
        if (fold.SecondVariable is not null)
        {
            _locals.Add(key);
            _locals.Add(value);
        }
        else
        {
            _locals.Add(isList ? value : key);
        }
    }

    internal string[] PathOf(Expr expression) =>
        expression is IdentExpr ident && FindLocal(ident.Name) is { } local
            ? local.Path
            : _paths.GetValueOrDefault(expression.Id, []);

    internal CelCost SizeOrUnknown(Expr expression) => SizeOf(expression) ?? CelCost.Unknown;

    /// <summary>What was found out of how large the result of a call is; null for nothing.</summary>
    internal CelCost? KnownSizeOf(Expr expression) =>
        _sizes.TryGetValue(expression.Id, out var known) ? known : null;

    private CelCost? SizeOf(Expr expression)
    {
        if (_sizes.TryGetValue(expression.Id, out var known))
        {
            return known;
        }

        if (SizeOfLiteral(expression) is { } literal)
        {
            return CelCost.Of(literal);
        }

        if (SizeAt(PathOf(expression)) is { } declared)
        {
            return _sizes[expression.Id] = declared;
        }

        if (IsScalar(TypeOf(expression)))
        {
            return CelCost.Of(1);
        }

        return expression is IdentExpr ident ? FindLocal(ident.Name)?.Size : null;
    }

    private EntrySize? EntrySizeOf(Expr expression) =>
        _entrySizes.TryGetValue(expression.Id, out var known) ? known
        : expression is IdentExpr ident ? FindLocal(ident.Name)?.Entry
        : null;

    private void CopySizes(Expr to, Expr from)
    {
        if (SizeOf(from) is { } size)
        {
            _sizes[to.Id] = size;
        }

        if (EntrySizeOf(from) is { } entry)
        {
            _entrySizes[to.Id] = entry;
        }
    }

    private static ulong? SizeOfLiteral(Expr expression) => expression switch
    {
        ConstExpr constant => CallCosts.SizeOf(constant.Value),
        ListExpr list => (ulong)list.Elements.Length,
        MapExpr map => (ulong)map.Entries.Length,
        _ => null,
    };

    private static bool IsScalar(CelType type) => type.Kind is CelTypeKind.Bool or CelTypeKind.Int or CelTypeKind.Uint
        or CelTypeKind.Double or CelTypeKind.Timestamp or CelTypeKind.Duration or CelTypeKind.Type
        || (type.IsOptional && IsScalar(type.Parameters[0]));

    /// <summary>What a schema says about the size of what lies at a path; null when it says nothing.</summary>
    internal CelCost? SizeAt(IReadOnlyList<string> path)
    {
        if (path.Count == 0 || !_schemas.TryGetValue(path[0], out var schema))
        {
            return null;
        }

        foreach (var step in path.Skip(1))
        {
            var next = step switch
            {
                "@items" or "@values" => schema.Element,
                "@keys" => schema.Key,
                _ => schema.Fields.GetValueOrDefault(step)?.Schema,
            };
            if (next is null)
            {
                return null;
            }

            schema = next;
        }

        return new CelCost(0, (ulong)schema.MaxElements);
    }
}
