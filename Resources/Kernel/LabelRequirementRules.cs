using System.Globalization;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// What a requirement on a label has to be, in the words of apimachinery's
/// <c>labels.NewRequirement</c>.
/// </summary>
public static class LabelRequirementRules
{
    /// <summary>All complaints about a key as one finding.</summary>
    public static void CheckKey(FieldPath path, string key, FieldErrors errors)
    {
        if (!NameRules.IsQualifiedName(key))
        {
            errors.Invalid(path, key, string.Join("; ", NameRules.QualifiedName(key)));
        }
    }

    /// <summary>How many values the operator takes, and what each has to be.</summary>
    /// <param name="path">Of the values.</param>
    /// <param name="key">The label: findings about single values name it.</param>
    /// <param name="operation">How it compares.</param>
    /// <param name="values">With what.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void CheckValues(
        FieldPath path, string key, LabelOperator operation, IReadOnlyList<string> values, FieldErrors errors)
    {
        if (WhyNotSoMany(operation, values.Count) is { } complaint)
        {
            errors.Invalid(path, values, complaint);
        }

        if (operation is LabelOperator.GreaterThan or LabelOperator.LessThan)
        {
            for (var i = 0; i < values.Count; i++)
            {
                if (!IsInteger(values[i]))
                {
                    errors.Invalid(path.Index(i), values[i], "for 'Gt', 'Lt' operators, the value must be an integer");
                }
            }
        }

        // Lists and watches come here: nothing is made for a value that is right.
        for (var i = 0; i < values.Count; i++)
        {
            if (!NameRules.IsLabelValue(values[i]))
            {
                var complaints = string.Join("; ", NameRules.LabelValue(values[i]));
                errors.Invalid(path.Index(i).Key(key), values[i], complaints);
            }
        }
    }

    private static string? WhyNotSoMany(LabelOperator operation, int count) => operation switch
    {
        LabelOperator.In or LabelOperator.NotIn when count == 0 =>
            "for 'in', 'notin' operators, values set can't be empty",
        LabelOperator.Exists or LabelOperator.DoesNotExist when count > 0 =>
            "values set must be empty for exists and does not exist",
        LabelOperator.GreaterThan or LabelOperator.LessThan when count != 1 =>
            "for 'Gt', 'Lt' operators, exactly one value is required",
        LabelOperator.Equals or LabelOperator.DoubleEquals or LabelOperator.NotEquals when count != 1 =>
            "exact-match compatibility requires one single value",
        _ => null,
    };

    private static bool IsInteger(string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
}
