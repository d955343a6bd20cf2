using OrleansOrchestrator.Resources.Expressions;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Expressions;

/// <summary>Quantities and named formats, as upstream's tests of these libraries have them.</summary>
public static class KubernetesCelTests
{
    private const string Suffix = "unable to parse quantity's suffix";
    private const string Form =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private static readonly string[] Formats =
    [
        "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "portName", "dns1123LabelPrefix",
        "dns1123SubdomainPrefix", "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime",
    ];

    [Theory]
    [InlineData("quantity('12Mi') == quantity('12288Ki')")]
    [InlineData("isQuantity('20') && isQuantity('20M') && isQuantity('20Mi')")]
    [InlineData("!isQuantity('20Mo') && !isQuantity('10Mm')")]
    [InlineData("quantity('200M') == quantity('0.2G') && quantity('0.2G') == quantity('200M')")]
    [InlineData("quantity('200M') != quantity('0.3G')")]
    [InlineData("quantity('50M').isLessThan(quantity('50Mi')) && !quantity('100M').isLessThan(quantity('50M'))")]
    [InlineData("quantity('50Mi').isGreaterThan(quantity('50M')) && !quantity('50M').isGreaterThan(quantity('100M'))")]
    [InlineData("quantity('200M').compareTo(quantity('0.2G')) == 0 && quantity('50M').compareTo(quantity('50Mi')) == -1")]
    [InlineData("quantity('50k').add(quantity('20')) == quantity('50.02k')")]
    [InlineData("quantity('50k').sub(20) == quantity('49980') && !quantity('50k').add(20).isLessThan(quantity('50020'))")]
    [InlineData("quantity('50k').add(20).sub(quantity('100k')).asInteger() == -49980")]
    [InlineData("quantity('50k').add(20).sub(quantity('100k')).sub(-50000).asInteger() == 20")]
    [InlineData("!quantity('9999999999999999999999999999999999999G').isInteger() && quantity('50').isInteger()")]
    [InlineData("quantity('50.703k').asApproximateFloat() == 50703.0")]
    [InlineData("[sign(quantity('50k')), sign(quantity('-50k')), sign(quantity('0'))] == [1, -1, 0]")]
    [InlineData("!format.named('unknown').hasValue()")]
    [InlineData("!format.dns1123Label().validate('my-label-name').hasValue()")]
    [InlineData("!format.qualifiedName().validate('apiextensions.k8s.io/v1beta1').hasValue()")]
    [InlineData("!format.dns1123SubdomainPrefix().validate('mysubdomain.prefix.-').hasValue()")]
    [InlineData("!format.uri().validate('http://example.com').hasValue()")]
    [InlineData("!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()")]
    [InlineData("!format.byte().validate('aGVsbG8=').hasValue() && !format.date().validate('2021-01-01').hasValue()")]
    [InlineData("!format.datetime().validate('2021-01-01T00:00:00Z').hasValue()")]
    [InlineData("!format.labelValue().validate('my-cool-label-Value').hasValue()")]
    [InlineData("!format.portName().validate('http').hasValue()")]
    public static void It_holds(string text) => Assert.Equal("true", Run(text).Text);

    [Theory]
    [InlineData("quantity('10Mo')", Form)]
    [InlineData("quantity('10Mm')", Suffix)]
    [InlineData("quantity('9999999999999999999999999999999999999G').asInteger()", "cannot convert value to integer")]
    [InlineData("format.byte().validate('aGVsbG8').value()[0]", "invalid base64")]
    [InlineData("format.date().validate('2020-01-32').value()[0]", "invalid date")]
    [InlineData("format.datetime().validate('2020-01-32T00:00:00Z').value()[0]", "invalid datetime")]
    [InlineData("format.uuid().validate('x').value()[0]", "does not match the UUID format")]
    [InlineData("format.uri().validate('').value()[0]", "parse \"\": empty url")]
    [InlineData("format.uri().validate('a b').value()[0]", "parse \"a b\": invalid URI for request")]
    [InlineData("format.uri().validate('http://h:x/').value()[0]", "parse \"http://h:x/\": invalid port \":x\" after host")]
    [InlineData(
        "format.dns1123LabelPrefix().validate('contains a space-').value()[0]",
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')")]
    [InlineData(
        "format.qualifiedName().validate('contains a space').value()[0]",
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    public static void It_says(string text, string said) => Assert.Equal(said, Run(text).Text);

    [Fact]
    public static void Sign_is_no_member() => Assert.Contains(
        "found no matching overload for 'sign' applied to 'kubernetes.Quantity.()'",
        KubernetesCel.Environment.Compile("quantity('1').sign() == 1").Issues, StringComparison.Ordinal);

    [Fact]
    public static void Each_format_is_there_by_name_and_is_no_other()
    {
        foreach (var name in Formats)
        {
            Assert.Equal("true", Run($"format.named('{name}').value() == format.{name}()").Text);
            Assert.All(
                Formats.Where(f => f != name), f => Assert.Equal("false", Run($"format.{name}() == format.{f}()").Text));
        }
    }

    /// <summary>Ahead, formats are taken to have the longest pattern.</summary>
    [Theory]
    [InlineData("quantity('12Mi')", 1, 1, 1)]
    [InlineData("quantity('200M') == quantity('0.2G') && quantity('0.2G') == quantity('200M')", 3, 6, 6)]
    [InlineData("quantity('50M').isLessThan(quantity('50Mi'))", 3, 3, 3)]
    [InlineData("quantity('50k').add(20).sub(quantity('100k')).sub(-50000).asInteger() > 0", 7, 7, 7)]
    [InlineData("quantity('50.703k').asApproximateFloat() > 0.0", 3, 3, 3)]
    [InlineData("format.named('dns1123subdomain')", 1, 1, 1)]
    [InlineData("format.named('dns1123Subdomain').value().validate('my-name')", 34, 34, 17)]
    [InlineData("format.named('dns1123Label').value().validate('my-name')", 34, 34, 10)]
    [InlineData("format.named('dns1123Label').value() == format.named('dns1123Label').value()", 5, 11, 5)]
    public static void It_costs(string text, int least, int most, int real) =>
        Assert.Equal(((ulong)least, (ulong)most, (ulong)real), Run(text).Costs);

    private static (string Text, (ulong Least, ulong Most, ulong Real) Costs) Run(string text)
    {
        var (program, issues) = KubernetesCel.Environment.Compile(text);
        Assert.True(program is not null, issues);
        var (value, cost) = program.Evaluate(KubernetesCel.Environment.Activate());
        var estimate = program.EstimateCost();
        return (value.ToString(), (estimate.Min, estimate.Max, cost));
    }
}
