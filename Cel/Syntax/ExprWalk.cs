namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>Visits the parts of an expression.</summary>
internal static class ExprWalk
{
    /// <summary>The expression and all its parts.</summary>
    public static IEnumerable<Expr> All(Expr root)
    {
        var open = new Stack<Expr>();
        open.Push(root);
        while (open.TryPop(out var expression))
        {
            yield return expression;
            foreach (var part in Parts(expression))
            {
                open.Push(part);
            }
        }
    }

    private static IEnumerable<Expr> Parts(Expr expression) => expression switch
    {
        SelectExpr select => [select.Operand],
        CallExpr { Target: { } target } call => [target, .. call.Arguments],
        CallExpr call => call.Arguments,
        ListExpr list => list.Elements,
        MapExpr map => map.Entries.SelectMany(static e => new[] { e.Key, e.Value }),
        StructExpr made => made.Fields.Select(static f => f.Value),
        FoldExpr fold => [fold.Range, fold.Start, fold.Condition, fold.Step, fold.Result],
        _ => [],
    };
}
