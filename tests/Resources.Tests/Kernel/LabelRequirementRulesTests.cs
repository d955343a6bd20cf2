using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class LabelRequirementRulesTests
{
    private const string TooFew = "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
    private const string NotOne = "for 'Gt', 'Lt' operators, exactly one value is required";
    private const string NoInteger = "for 'Gt', 'Lt' operators, the value must be an integer";
    private const string NoValue = "a valid label must be an empty string or consist of alphanumeric characters";

    [Theory]
    [InlineData(LabelOperator.In, "a,b", "")]
    [InlineData(LabelOperator.In, "", TooFew)]
    [InlineData(LabelOperator.NotIn, "", TooFew)]
    [InlineData(LabelOperator.Exists, "", "")]
    [InlineData(
        LabelOperator.DoesNotExist, "a",
        "values: Invalid value: [\"a\"]: values set must be empty for exists and does not exist")]
    [InlineData(LabelOperator.GreaterThan, "5", "")]
    [InlineData(LabelOperator.LessThan, "", $"values: Invalid value: []: {NotOne}")]
    [InlineData(
        LabelOperator.GreaterThan, "5,x",
        $"values: Invalid value: [\"5\",\"x\"]: {NotOne}|values[1]: Invalid value: \"x\": {NoInteger}")]
    [InlineData(
        LabelOperator.NotEquals, "a,b",
        "values: Invalid value: [\"a\",\"b\"]: exact-match compatibility requires one single value")]
    public void An_operator_has_the_values_that_it_takes(LabelOperator operation, string values, string findings) =>
        Assert.Equal(
            findings.Split('|', StringSplitOptions.RemoveEmptyEntries), Findings(operation, values));

    /// <summary>Integers are asked for first, whatever else is wrong with a value.</summary>
    [Fact]
    public void Findings_on_values_come_in_the_order_of_upstream() => Assert.Collection(
        Findings(LabelOperator.GreaterThan, "-"),
        first => Assert.Equal($"values[0]: Invalid value: \"-\": {NoInteger}", first),
        second => Assert.StartsWith($"values[0][key]: Invalid value: \"-\": {NoValue}", second, StringComparison.Ordinal));

    [Fact]
    public void Only_a_wrong_value_is_named() => Assert.StartsWith(
        $"values[1][key]: Invalid value: \"-\": {NoValue}",
        Assert.Single(Findings(LabelOperator.In, "a,-,b")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("a/b", 0)]
    [InlineData("a/b/c", 1)]
    [InlineData("", 1)]
    [InlineData("-/-", 1)]
    public void All_that_is_wrong_with_a_key_is_one_finding(string key, int findings)
    {
        var errors = new FieldErrors();
        LabelRequirementRules.CheckKey(FieldPath.Of("key"), key, errors);
        Assert.Equal(findings, errors.Count);
    }

    private static IEnumerable<string> Findings(LabelOperator operation, string values)
    {
        var errors = new FieldErrors();
        LabelRequirementRules.CheckValues(
            FieldPath.Of("values"), "key", operation, values.Length == 0 ? [] : values.Split(','), errors);
        return errors.All.Select(static e => $"{e.Field}: {e.Message}");
    }
}
