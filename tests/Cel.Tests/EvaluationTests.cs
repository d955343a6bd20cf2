using System.Text.Json;
using CsCheck;
using OrleansOrchestrator.Cel.Costs;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Cel.Tests;

public static class EvaluationTests
{
    private static readonly CelEnvironment Random = CelEnvironment.Standard
        .WithVariable("a", CelType.Dyn).WithVariable("b", CelType.Dyn).WithVariable("s", CelType.Dyn)
        .WithVariable("l", CelType.Dyn).WithVariable("m", CelType.Dyn);

    private static readonly Dictionary<string, CelValue> Bound = new(StringComparer.Ordinal)
    {
        ["a"] = CelValue.Of(3),
        ["b"] = CelValue.Of(long.MinValue),
        ["s"] = CelValue.Of("x😀"),
        ["l"] = CelValue.Of(CelList.Of(CelValue.Of(1), CelValue.Of("x"), CelValue.True)),
        ["m"] = CelValue.Of(CelMap.Of(("k", CelValue.Of(7)))),
    };

    [Fact]
    public static void ItComputesWhatANaiveInterpreterDoes() => RandomExpressions.Gen.Check(static text =>
    {
        if (Random.CompileUnchecked(text).Program is not { } program)
        {
            return;
        }

        var activation = Random.Activate();
        foreach (var (name, value) in Bound)
        {
            activation.Set(name, value);
        }

        var actual = program.Evaluate(activation).Value;
        var expected = new NaiveInterpreter(Bound).Run(Random.Parse(text, new Issues(text)).Root);
        Assert.Equal(expected is null, actual.IsError);
        if (expected is { } wanted)
        {
            Assert.Equal(wanted.Kind, actual.Kind);
            Assert.True(wanted.Equals(actual) || wanted.ToString() == actual.ToString(),
                $"{text} => {actual}, not {wanted}");
        }
    }, cases: 3000);

    [Theory]
    [InlineData("self.none", "no such key: none")]
    [InlineData("self.list[5]", "index out of bounds: 5")]
    [InlineData("1 / self.zero", "division by zero")]
    [InlineData("self.list + 1", "no such overload")]
    [InlineData("missing", "no such attribute(s): missing")]
    [InlineData("self.nothing.x", "no such key: x")]
    [InlineData("optional.none().value()", "optional.none() dereference")]
    public static void ErrorsAreInUpstreamsWords(string text, string message)
    {
        var environment = CelEnvironment.Kubernetes.WithVariable("self", CelType.Dyn).WithVariable("missing",
            CelType.Dyn);
        using var data = JsonDocument.Parse("""{"list": [1], "zero": 0, "nothing": null}""");
        var value = environment.Compile(text).Program!
            .Evaluate(environment.Activate().Set("self", CelJson.Of(data.RootElement))).Value;
        Assert.Equal(message, value.AsError.Message);
    }

    [Theory]
    [InlineData("cidr('10.0.0.0/8').containsIP('10.1.2.3')")]
    [InlineData("!cidr('10.0.0.0/8').containsIP(ip('11.1.2.3'))")]
    [InlineData("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('fd00::/64').prefixLength() == 64")]
    [InlineData(
        "isIP('::1') && ip('::1').isLoopback() && ip('::1').family() == 6 "
        + "&& !isIP('1.2.3') && !isIP('::ffff:1.2.3.4')")]
    [InlineData("ip.isCanonical('::1') && !ip.isCanonical('0:0::1') && string(ip('10.0.0.1')) == '10.0.0.1'")]
    [InlineData("url('https://user@example.com:80/a?b=c&b=d').getHost() == 'example.com:80'")]
    [InlineData("url('https://example.com:80/a?b=c&b=d').getQuery()['b'] == ['c', 'd']")]
    [InlineData("isURL('/a') && !isURL('a b') && url('https://[::1]:80/').getHostname() == '::1'")]
    [InlineData(
        "'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2'] "
        + "&& 'a1b2'.findAll('[0-9]', 1) == ['1']")]
    [InlineData("[3, 1, 2].max() == 3 && [1, 2].sum() == 3 && [1, 2].isSorted() && [1, 2, 1].lastIndexOf(1) == 2")]
    [InlineData(
        "semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('v1.0', true) "
        + "&& semver('1.0.0-rc.1').compareTo(semver('1.0.0')) == -1")]
    [InlineData("sets.contains([1, 2], [2]) && sets.equivalent([1], [1, 1]) && !sets.intersects([1], [2])")]
    [InlineData("[3, 1, 2].sort() == [1, 2, 3] && ['bb', 'a'].sortBy(x, x.size()) == ['a', 'bb']")]
    [InlineData("[[1], [2]].flatten() == [1, 2] && [1, 1].distinct() == [1] && lists.range(2) == [0, 1]")]
    [InlineData("{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [1, 2].transformList(i, v, i < 1, v) == [1]")]
    public static void LibrariesWork(string text)
    {
        var (program, issues) = CelEnvironment.Kubernetes.Compile(text);
        Assert.True(program is not null, issues);
        var value = program.Evaluate(CelEnvironment.Kubernetes.Activate()).Value;
        Assert.True(value.IsTrue, value.ToString());
    }

    [Fact]
    public static void AnAuthorizerIsAskedWhatTheExpressionSays()
    {
        var environment = CelEnvironment.Kubernetes.WithVariable("authorizer", AuthorizerLibrary.AuthorizerType);
        var asked = new Recorder();
        var text =
            "authorizer.serviceAccount('ns', 'sa').group('apps').resource('pods').subresource('log').namespace('n')"
            + ".name('x').check('get').allowed()";
        Assert.True(environment.Compile(text).Program!
            .Evaluate(environment.Activate().Set("authorizer", AuthorizerLibrary.Of(asked))).Value.IsTrue);
        Assert.Equal(
            new CelAccessCheck
            {
                ServiceAccount = ("ns", "sa"), Group = "apps", Resource = "pods", Subresource = "log", Namespace = "n",
                Name = "x", Verb = "get",
            },
            asked.Last);
    }

    [Fact]
    public static void MutationsAreObjects()
    {
        var environment = CelEnvironment.Kubernetes.With(PatchLibrary.Library).WithOpenObjects("Object");
        var made = environment.Compile("Object{spec: Object.spec{replicas: 3, ?none: optional.none()}}").Program!
            .Evaluate(environment.Activate()).Value;
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            Assert.True(CelJson.TryWrite(writer, made));
        }

        Assert.Equal("""{"spec":{"replicas":3}}"""u8.ToArray(), stream.ToArray());
    }

    [Fact]
    public static void CostsFollowTheBoundsOfSchemas()
    {
        var self = CelSchema.Object("Self",
        [
            new("names", CelSchema.List(new CelSchema(CelType.String) { MaxElements = 10 }, 5)),
            new("free", CelSchema.List(new CelSchema(CelType.String))),
        ]);
        var environment = CelEnvironment.Kubernetes.WithVariable("self", self);
        CelCost Cost(string text) => environment.Compile(text).Program!.EstimateCost();

        Assert.Equal(ulong.MaxValue, Cost("self.free.all(x, x == 'a')").Max);
        var bounded = Cost("self.names.all(x, x == 'abcdefghijkl')").Max;
        Assert.InRange(bounded, 10UL, 100UL);

        using var data =
            JsonDocument.Parse("""{"names": ["abcdefghij","abcdefghij","abcdefghij","abcdefghij","abcdefghij"]}""");
        var actual = environment.Compile("self.names.all(x, x == 'abcdefghij')").Program!
            .Evaluate(environment.Activate().Set("self", CelJson.Of(data.RootElement, self))).Cost;
        Assert.InRange(actual, 1UL, bounded);
    }

    private sealed class Recorder : ICelAuthorizer
    {
        public CelAccessCheck? Last { get; private set; }

        public CelAccessDecision Check(CelAccessCheck check)
        {
            Last = check;
            return new CelAccessDecision(true, "");
        }
    }
}
