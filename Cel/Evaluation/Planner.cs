using OrleansOrchestrator.Cel.Checking;
using OrleansOrchestrator.Cel.Costs;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Evaluation;

/// <summary>
/// Makes nodes of a tree. What the checker found out is used; where it was not asked, names are looked for here and
/// calls keep all their forms. As upstream does for Kubernetes (<c>cel.OptOptimize</c>), lists, maps and conversions of
/// constants are made now, and then cost nothing.
/// </summary>
internal sealed class Planner
{
    private static readonly HashSet<string> Conversions = new(StringComparer.Ordinal)
    {
        "bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint",
    };

    private readonly CelEnvironment _environment;
    private readonly Declarations _declarations;
    private readonly Reference?[]? _references;
    private readonly List<(string Name, int Slot)> _scope = [];

    /// <summary>Names that upstream looks up without a price: see <see cref="PlanPart"/>.</summary>
    private readonly HashSet<int> _free = [];
    private int _slots;
    private string? _fault;

    private Planner(CelEnvironment environment, Reference?[]? references) =>
        (_environment, _declarations, _references) = (environment, environment.Declarations, references);

    /// <summary>
    /// The node of the whole, how many values macros bind in it, and why it cannot be run: a constant that does not
    /// convert; null for nothing.
    /// </summary>
    public static (Node Root, int Locals, string? Fault) Plan(
        Expr root, CelEnvironment environment, Reference?[]? references)
    {
        var planner = new Planner(environment, references);
        var node = planner.Plan(root);
        return (node, planner._slots, planner._fault);
    }

    private Node Plan(Expr expression) => expression switch
    {
        ConstExpr constant => new ConstNode(constant.Value),
        IdentExpr ident => PlanIdent(ident),
        SelectExpr select => PlanSelect(select),
        CallExpr call => PlanCall(call),
        ListExpr list => PlanList(list),
        MapExpr map => PlanMap(map),
        StructExpr made => PlanStruct(made),
        FoldExpr { IsBinding: true } binding => PlanBinding(binding),
        FoldExpr fold => PlanFold(fold),
        _ => throw new InvalidOperationException($"A {expression.GetType().Name} has no plan."),
    };

    private int? FindLocal(string name)
    {
        for (var i = _scope.Count - 1; i >= 0; i--)
        {
            if (_scope[i].Name == name)
            {
                return _scope[i].Slot;
            }
        }

        return null;
    }

    private Reference? ReferenceOf(Expr expression, Func<Reference?> find) =>
        _references is null ? find() : _references[expression.Id];

    private Node PlanIdent(IdentExpr ident)
    {
        if (FindLocal(ident.Name) is { } slot)
        {
            return new LocalNode(slot, _free.Contains(ident.Id));
        }

        return Named(ReferenceOf(ident, () => _declarations.FindName(ident.Name)), ident)
            ?? new ConstNode(CelValue.OfError($"no such attribute(s): {ident.Name}"));
    }

    private Node? Named(Reference? reference, Expr expression) =>
        reference?.Variable is { } variable ? new VariableNode(variable, _free.Contains(expression.Id))
        : reference?.Constant is { } constant ? new ConstNode(constant)
        : null;

    private string? QualifiedName(Expr expression) => expression switch
    {
        IdentExpr ident => FindLocal(ident.Name) is null ? ident.Name : null,
        SelectExpr { IsTest: false, IsOptional: false } select =>
            QualifiedName(select.Operand) is { } name ? $"{name}.{select.Field}" : null,
        _ => null,
    };

    private Node PlanSelect(SelectExpr select)
    {
        var found = select.IsTest ? null : ReferenceOf(
            select, () => QualifiedName(select) is { } name ? _declarations.FindName(name) : null);
        if (Named(found, select) is { } named)
        {
            return named;
        }

        var operand = Plan(select.Operand);
        return select.IsTest ? new TestNode(operand, select.Field)
            : select.IsOptional ? new OptionalSelectNode(operand, select.Field)
            : new SelectNode(operand, select.Field);
    }

    /// <summary>What a node gives when all its parts are constants; null when they are not.</summary>
    private CelValue? Computed(Node node, IEnumerable<Node> parts) =>
        _environment.FoldsConstants && parts.All(static p => p is ConstNode { Value.IsError: false })
            ? node.Evaluate(new Frame(_environment.Activate(), 0, ulong.MaxValue))
            : null;

    private Node Folded(Node node, IEnumerable<Node> parts) =>
        Computed(node, parts) is { IsError: false } value ? new ConstNode(value) : node;

    private Node PlanMap(MapExpr map)
    {
        var entries = map.Entries.Select(e => (Key: Plan(e.Key), Value: Plan(e.Value), e.IsOptional)).ToArray();
        return Folded(new MapNode(entries), entries.SelectMany(static e => new[] { e.Key, e.Value }));
    }

    private Node PlanList(ListExpr list)
    {
        var optional = new bool[list.Elements.Length];
        for (var i = 0; i < optional.Length; i++)
        {
            optional[i] = list.IsOptional(i);
        }

        var elements = list.Elements.Select(Plan).ToArray();
        return Folded(new ListNode(elements, optional.Contains(true) ? optional : null), elements);
    }

    private Node PlanStruct(StructExpr made)
    {
        var reference = ReferenceOf(made, () => _declarations.FindName(made.TypeName));
        return reference?.Type.Parameters is [{ Kind: CelTypeKind.Object } type]
            ? new StructNode(type, [.. made.Fields.Select(f => (f.Name, Plan(f.Value), f.IsOptional))])
            : new ConstNode(CelValue.OfError($"unknown type: {made.TypeName}"));
    }

    private Node PlanCall(CallExpr call)
    {
        if (call.Target is null && PlanOperator(call) is { } operation)
        {
            return operation;
        }

        var reference = ReferenceOf(call, () => Unchecked(call));
        if (reference is null || reference.Overloads.Length == 0)
        {
            return new ConstNode(CelValue.OfError($"no such overload: {call.Function}"));
        }

        var isMember = call.Target is not null && !reference.IsQualified;
        Node[] arguments = isMember
            ? [Plan(call.Target!), .. call.Arguments.Select(Plan)]
            : [.. call.Arguments.Select(Plan)];
        var function = reference.Function;
        return isMember && function is ("or" or "orValue") && arguments.Length == 2
            ? new OptionalOrNode(arguments[0], arguments[1], opens: function == "orValue")
            : Converted(new CallNode(function, reference.Overloads, arguments), function, arguments);
    }

    private Node Converted(CallNode call, string function, Node[] arguments)
    {
        if (!Conversions.Contains(function) || arguments.Length != 1 || Computed(call, arguments) is not { } value)
        {
            return call;
        }

        _fault ??= value.IsError ? value.AsError.Message : null;
        return new ConstNode(value);
    }

    private Reference? Unchecked(CallExpr call)
    {
        var qualified = call.Target is not null && QualifiedName(call.Target) is { } prefix
            ? _declarations.FindFunction($"{prefix}.{call.Function}")
            : null;
        var function = qualified ?? _declarations.FindFunction(call.Function);
        var isMember = call.Target is not null && qualified is null;
        return function is null ? null : new Reference
        {
            Function = function.Name,
            IsQualified = qualified is not null,
            Overloads = [.. function.Overloads.Where(o => o.IsMember == isMember
                && o.Arguments.Length == call.Arguments.Length + (isMember ? 1 : 0))],
        };
    }

    /// <summary>
    /// A branch of a condition, or the key of an index. Upstream makes one attribute of it and what it is in, so that
    /// the name it begins with costs nothing.
    /// </summary>
    private Node PlanPart(Expr expression)
    {
        var root = expression;
        while (!IsVariable(root) && OperandOf(root) is { } operand)
        {
            root = operand;
        }

        if (root is IdentExpr || IsVariable(root))
        {
            _free.Add(root.Id);
        }

        return Plan(expression);
    }

    private bool IsVariable(Expr expression) => _references?[expression.Id]?.Variable is not null;

    private static Expr? OperandOf(Expr expression) => expression switch
    {
        SelectExpr { IsTest: false } select => select.Operand,
        CallExpr { Function: Operators.Index or Operators.OptionalIndex, Target: null } index => index.Arguments[0],
        _ => null,
    };

    private Node? PlanOperator(CallExpr call)
    {
        Node Argument(int index) => Plan(call.Arguments[index]);
        Node Part(int index) => PlanPart(call.Arguments[index]);
        BinaryNode Binary(BinaryOperator compute, BinaryCost? cost = null) =>
            new(Argument(0), Argument(1), compute, cost);
        return call.Function switch
        {
            Operators.And => new LogicNode(Argument(0), Argument(1), settles: false),
            Operators.Or => new LogicNode(Argument(0), Argument(1), settles: true),
            Operators.Conditional => new ConditionalNode(Argument(0), Part(1), Part(2)),
            Operators.Not => new UnaryNode(Argument(0), Arithmetic.Not),
            Operators.Negate => new UnaryNode(Argument(0), Arithmetic.Negate),
            Operators.Equal => new EqualNode(Argument(0), Argument(1), equal: true),
            Operators.NotEqual => new EqualNode(Argument(0), Argument(1), equal: false),
            Operators.Less => Binary(Arithmetic.Less, CallCosts.OfOrder),
            Operators.LessOrEqual => Binary(Arithmetic.LessOrEqual, CallCosts.OfOrder),
            Operators.Greater => Binary(Arithmetic.Greater, CallCosts.OfOrder),
            Operators.GreaterOrEqual => Binary(Arithmetic.GreaterOrEqual, CallCosts.OfOrder),
            Operators.Add => Binary(Arithmetic.Add, CallCosts.OfAddition),
            Operators.Subtract => Binary(Arithmetic.Subtract),
            Operators.Multiply => Binary(Arithmetic.Multiply),
            Operators.Divide => Binary(Arithmetic.Divide),
            Operators.Modulo => Binary(Arithmetic.Modulo),
            Operators.Index => new IndexNode(Argument(0), Part(1)),
            Operators.OptionalIndex => new OptionalIndexNode(Argument(0), Part(1)),
            Operators.In => PlanIn(Argument(0), Argument(1)),
            Operators.NotStrictlyFalse => new NotStrictlyFalseNode(Argument(0)),
            _ => null,
        };
    }

    private Node PlanIn(Node value, Node container) =>
        _environment.FoldsConstants && container is ConstNode { Value: { Kind: CelKind.List, AsList: var list } }
        && MemberNode.Of(value, list) is { } member
            ? member
            : new BinaryNode(value, container, Arithmetic.In, CallCosts.OfIn);

    private int Push(string name)
    {
        _scope.Add((name, _slots));
        return _slots++;
    }

    private BindNode PlanBinding(FoldExpr fold)
    {
        var value = Plan(fold.Start);
        var slot = Push(fold.Accumulator);
        var result = Plan(fold.Result);
        _scope.RemoveAt(_scope.Count - 1);
        return new BindNode(value, result, slot);
    }

    private FoldNode PlanFold(FoldExpr fold)
    {
        var (range, start) = (Plan(fold.Range), Plan(fold.Start));
        var mark = _scope.Count;
        var accumulator = Push(fold.Accumulator);
        var first = Push(fold.Variable);
        var second = fold.SecondVariable is null ? -1 : Push(fold.SecondVariable);
        var condition = Plan(fold.Condition);
        var growsList = fold.Start is ListExpr { Elements.Length: 0 } && Grown(fold.Step) is not null;
        var growsMap = fold.Start is MapExpr { Entries.Length: 0 } && Grown(fold.Step) is not null;
        var step = growsList || growsMap ? PlanGrowth(fold.Step, accumulator) : Plan(fold.Step);
        _scope.RemoveRange(mark + 1, _scope.Count - mark - 1);
        var result = Plan(fold.Result);
        _scope.RemoveAt(mark);
        var parts = new FoldParts(range, start, condition, step, result, first, second, accumulator);
        return new FoldNode(parts, growsList, growsMap);
    }

    /// <summary>
    /// The addition to the accumulator in a step, whether under a condition or not; null when it is none.
    /// </summary>
    private static CallExpr? Grown(Expr step) => step switch
    {
        CallExpr { Function: Operators.Add, Arguments: [IdentExpr { Name: Operators.Accumulator }, ListExpr] } add =>
            add,
        CallExpr { Function: "cel.@mapInsert", Arguments: [IdentExpr { Name: Operators.Accumulator }, ..] } insert =>
            insert,
        CallExpr
        {
            Function: Operators.Conditional,
            Arguments: [_, var yes, IdentExpr { Name: Operators.Accumulator }],
        } => Grown(yes),
        _ => null,
    };

    private AppendNode PlanAppend(ListExpr added, int accumulator)
    {
        var elements = added.Elements.Select(Plan).ToArray();
        var isConstant = _environment.FoldsConstants && elements.All(static e => e is ConstNode);
        return new AppendNode(accumulator, elements, isConstant ? 0 : CallCosts.ListCreation);
    }

    private Node PlanGrowth(Expr step, int accumulator)
    {
        var call = (CallExpr)step;
        return call.Function switch
        {
            Operators.Conditional => new ConditionalNode(
                Plan(call.Arguments[0]), PlanGrowth(call.Arguments[1], accumulator),
                new LocalNode(accumulator, isFree: true)),
            Operators.Add => PlanAppend((ListExpr)call.Arguments[1], accumulator),
            _ => new InsertNode(
                accumulator, Plan(call.Arguments[1]), call.Arguments.Length > 2 ? Plan(call.Arguments[2]) : null),
        };
    }
}
