using System.Text;
using OrleansOrchestrator.Resources.Kernel.Json;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Json;

/// <summary>What kubectl, which has Go's library, says of the same documents.</summary>
public sealed class YamlComplaintsTests
{
    [Theory]
    [InlineData("metadata:\n\tname: x\n", "line 2: found character that cannot start any token")]
    [InlineData("a: b: c\n", "mapping values are not allowed in this context")]
    [InlineData("a: 1\n b: 2\n", "line 2: mapping values are not allowed in this context")]
    [InlineData("a:\n  b: c: d\n", "line 2: mapping values are not allowed in this context")]
    [InlineData("a: [\n", "line 1: did not find expected node content")]
    [InlineData("a: [1, 2\nb: 3\n", "line 1: did not find expected ',' or ']'")]
    [InlineData("a: {b: 1\nc: 2\n", "line 1: did not find expected ',' or '}'")]
    [InlineData("a: {b: 1, c\n", "line 1: did not find expected ',' or '}'")]
    [InlineData("a: \"x\n", "line 2: found unexpected end of stream")]
    [InlineData("a: 'x\n", "line 2: found unexpected end of stream")]
    [InlineData("a: \"\\q\"\n", "found unknown escape character")]
    [InlineData("a: \"\\xZZ\"\n", "did not find expected hexdecimal number")]
    [InlineData("a: @x\n", "found character that cannot start any token")]
    [InlineData("a: `x\n", "found character that cannot start any token")]
    [InlineData("a: %x\n", "found character that cannot start any token")]
    [InlineData("a: *nope\n", "unknown anchor 'nope' referenced")]
    [InlineData("a: &\n", "did not find expected alphabetic or numeric character")]
    [InlineData("a: & b\n", "did not find expected alphabetic or numeric character")]
    [InlineData("a: *\n", "did not find expected alphabetic or numeric character")]
    [InlineData("- a\nb: c\n", "line 1: did not find expected '-' indicator")]
    [InlineData("a: b\n- c\n", "line 1: did not find expected key")]
    [InlineData("a:\n - b\n c: d\n", "line 2: did not find expected '-' indicator")]
    [InlineData("a\nb: c\n", "line 2: mapping values are not allowed in this context")]
    [InlineData("a: |\n  x\n y: z\n", "line 2: did not find expected key")]
    [InlineData("a: |x\n  y\n", "did not find expected comment or line break")]
    [InlineData("a: >9999\n  x\n", "did not find expected comment or line break")]
    [InlineData("a: |0\n x\n", "found an indentation indicator equal to 0")]
    [InlineData("a: !<x\n", "did not find the expected '>'")]
    [InlineData("a: !foo!bar y\n", "found undefined tag handle")]
    [InlineData("%YAML 1.1\n%YAML 1.1\n---\na: b\n", "line 1: found duplicate %YAML directive")]
    [InlineData("%YAML 2.0\n---\na: b\n", "found incompatible YAML document")]
    [InlineData("%TAG ! x\n%TAG ! y\n---\na: b\n", "line 1: found duplicate %TAG directive")]
    [InlineData("a: ]\n", "did not find expected node content")]
    [InlineData("a: }\n", "did not find expected node content")]
    [InlineData("a: ,\n", "did not find expected node content")]
    [InlineData("? [a]\n: b\n", "invalid map key: []interface {}{\"a\"}")]
    [InlineData("? {a: b}\n: c\n", "invalid map key: map[interface {}]interface {}{\"a\":\"b\"}")]
    [InlineData("a: &x 1\nb: *y\n", "unknown anchor 'y' referenced")]
    [InlineData("a: b\u0001c\n", "control characters are not allowed")]
    [InlineData("a: \"b\u0001c\"\n", "control characters are not allowed")]
    [InlineData("a:\n\t- b\n", "line 2: found character that cannot start any token")]
    [InlineData("a:\n  b: 1\n\tc: 2\n", "line 3: found a tab character that violates indentation")]
    [InlineData("a:\n  b: 1\n c: 2\n", "line 2: did not find expected key")]
    [InlineData("a:\n- b\n  - c: d\n e: f\n", "line 3: mapping values are not allowed in this context")]
    [InlineData("a: 'it's'\n", "did not find expected key")]
    [InlineData("a: \"x\" y\n", "did not find expected key")]
    [InlineData("a: [b]: c\n", "mapping values are not allowed in this context")]
    [InlineData("[a, b]: c\n", "invalid map key: []interface {}{\"a\", \"b\"}")]
    [InlineData("a: - b\n", "block sequence entries are not allowed in this context")]
    [InlineData("a: ? b\n", "mapping keys are not allowed in this context")]
    [InlineData("- - a\n - b\n", "line 1: did not find expected '-' indicator")]
    [InlineData("a: \"\\u12\"\n", "did not find expected hexdecimal number")]
    [InlineData("a: \"\\ud800\"\n", "found invalid Unicode character escape code")]
    [InlineData("foo: bar\n  baz: qux\n", "line 2: mapping values are not allowed in this context")]
    [InlineData("x: y\nz\n", "line 3: could not find expected ':'")]
    [InlineData("x: y\nz\nw: v\n", "line 3: could not find expected ':'")]
    [InlineData(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n data:\n  a: b\n",
        "line 4: did not find expected key")]
    [InlineData(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: {{ .Values.x }}\n",
        "invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}")]
    [InlineData(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .x }}-y\n",
        "line 3: did not find expected key")]
    [InlineData("a: <<\n<<: 5\n", "map merge requires map or sequence of maps as the value")]
    [InlineData("<<: [1]\n", "map merge requires map or sequence of maps as the value")]
    [InlineData("a: &x [*x]\n", "anchor 'x' value contains itself")]
    [InlineData("a: >\n\tx\n", "line 2: found a tab character where an indentation space is expected")]
    [InlineData("a: |\n\tx\n", "line 2: found a tab character where an indentation space is expected")]
    [InlineData("'a: b\n", "line 2: found unexpected end of stream")]
    [InlineData("\"a\n", "line 2: found unexpected end of stream")]
    [InlineData("- a\n-b\n", "line 3: could not find expected ':'")]
    [InlineData("- a\n- b: c\n   d: e\n", "line 3: mapping values are not allowed in this context")]
    [InlineData("- a: b\n c: d\n", "line 1: did not find expected '-' indicator")]
    [InlineData("a: b\n# c\n\td: e\n", "line 3: found character that cannot start any token")]
    [InlineData("m: {a: b,, c: d}\n", "did not find expected node content")]
    [InlineData("l: [a,, b]\n", "did not find expected node content")]
    [InlineData("l: [, a]\n", "did not find expected node content")]
    [InlineData("m: {, a: b}\n", "did not find expected node content")]
    public void AreGos(string yaml, string complaint) =>
        Assert.Equal($"yaml: {complaint}", YamlConverter.ToJson(Encoding.UTF8.GetBytes(yaml)).Error);

    [Theory]
    [InlineData("C1", "incomplete UTF-8 octet sequence")]
    [InlineData("61FF", "invalid leading UTF-8 octet")]
    [InlineData("61C341", "invalid trailing UTF-8 octet")]
    [InlineData("EDA080", "invalid Unicode character")]
    [InlineData("C080", "invalid length of a UTF-8 sequence")]
    public void BytesThatAreNoTextAreRefused(string bytes, string complaint) =>
        Assert.Equal($"yaml: {complaint}", YamlConverter.ToJson(Convert.FromHexString(bytes)).Error);

    /// <summary>Of a key that aliases make endless, the beginning is enough.</summary>
    [Fact]
    public void AKeyOfAliasesIsToldInPart()
    {
        var many = string.Join(',', Enumerable.Repeat("*a", 900));
        var yaml = $"a: &a {new string('x', 500)}\nb: &b [{many}]\n? [{many.Replace('a', 'b')}]\n: c\n";
        var error = YamlConverter.ToJson(Encoding.UTF8.GetBytes(yaml)).Error!;
        Assert.StartsWith("yaml: invalid map key: []interface {}{[]interface {}{\"xxx", error, StringComparison.Ordinal);
        Assert.InRange(error.Length, 4096, 5000);
    }

    [Theory]
    [InlineData("? [\"LONG\"]\n: c\n")]
    [InlineData("? {? LONG : a}\n: c\n")]
    public void ALongTextInAKeyIsToldInPart(string yaml)
    {
        var text = Encoding.UTF8.GetBytes(yaml.Replace("LONG", new string('x', 9000), StringComparison.Ordinal));
        Assert.InRange(YamlConverter.ToJson(text).Error!.Length, 4096, 5000);
    }
}
