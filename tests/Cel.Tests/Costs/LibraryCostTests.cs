using OrleansOrchestrator.Cel.Libraries;
using Xunit;

namespace OrleansOrchestrator.Cel.Tests.Costs;

/// <summary>
/// What calls of Kubernetes' libraries cost, ahead and when they run, as upstream's <c>library/cost_test.go</c> has it:
/// nothing is computed ahead here, so that lists of constants have their price.
/// </summary>
public static class LibraryCostTests
{
    private const string Ints = "[1, 2, 3, 4, 5]";
    private const string Uints = "[uint(1), uint(2), uint(3), uint(4), uint(5)]";
    private const string Doubles = "[1.0, 2.0, 3.0, 4.0, 5.0]";
    private const string Bools = "[false, true, false, true, false]";
    private const string Durations =
        "[duration('1s'), duration('2s'), duration('3s'), duration('4s'), duration('5s')]";

    private const string Texts = "['012345678901', '012345678901', '012345678901', '012345678901', '012345678901']";
    private const string Long = "'01234567890123456789012345678901234567890123456789'";
    private const string Ip4 = "ip('192.168.0.1')";
    private const string Ip6 = "ip('2001:db8:3333:4444:5555:6666:7777:8888')";
    private const string Cidr4 = "cidr('192.168.0.0/16')";
    private const string Cidr6 = "cidr('2001:db8::/32')";
    private const string Url = "url('https:://kubernetes.io/')";
    private const string Status =
        "authorizer.group('apps').resource('deployments').subresource('status').namespace('test').name('backend')";

    private const string Selector = "spec.nodeName=example-node-name.fully.qualified.domain.name.example.com";

    private static readonly CelEnvironment Environment = CelEnvironment.Standard
        .With(OptionalLibrary.Library).With(StringLibrary.Library).With(SetLibrary.Library)
        .With(ListLibrary.Kubernetes).With(ListLibrary.Extended).With(TwoVariableLibrary.Library)
        .With(RegexLibrary.Library).With(UrlLibrary.Library).With(AddressLibrary.Library).With(SemverLibrary.Library)
        .With(AuthorizerLibrary.Library).With(PatchLibrary.Library)
        .WithVariable("authorizer", AuthorizerLibrary.AuthorizerType);

    [Theory]
    [InlineData(Ints + ".sum()", 15, 15, 15)]
    [InlineData(Uints + ".sum()", 20, 20, 20)]
    [InlineData(Doubles + ".sum()", 15, 15, 15)]
    [InlineData(Durations + ".sum()", 20, 20, 20)]
    [InlineData(Ints + ".isSorted()", 15, 15, 15)]
    [InlineData(Bools + ".max()", 15, 15, 15)]
    [InlineData(Durations + ".min()", 20, 20, 20)]
    [InlineData(Uints + ".indexOf(uint(3))", 21, 21, 21)]
    [InlineData(Doubles + ".lastIndexOf(3.0)", 15, 15, 15)]
    [InlineData(Durations + ".indexOf(duration('3s'))", 21, 21, 21)]
    [InlineData(Long + ".indexOf('123')", 5, 5, 5)]
    [InlineData(Url + ".getScheme()", 4, 4, 4)]
    [InlineData(Url + ".getQuery()", 4, 4, 4)]
    [InlineData(Url + " == " + Url, 7, 9, 7)]
    [InlineData(Url + " == url('http://x.b')", 5, 5, 5)]
    [InlineData("sets.contains([], [])", 21, 21, 21)]
    [InlineData("sets.contains([1], [])", 21, 21, 21)]
    [InlineData("sets.contains([1], [1, 1])", 23, 23, 23)]
    [InlineData("sets.contains([1, 2, 3, 4], [2, 3])", 29, 29, 29)]
    [InlineData("sets.contains([[1], [2, 3]], [[2, 3.0]])", 53, 53, 53)]
    [InlineData("!sets.contains([1], [1, 2])", 24, 24, 24)]
    [InlineData("sets.equivalent([], [])", 21, 21, 21)]
    [InlineData("sets.equivalent([1], [1])", 23, 23, 23)]
    [InlineData("sets.equivalent([1], [1, 1])", 25, 25, 25)]
    [InlineData("sets.equivalent([1, 2, 3], [3u, 2.0, 1])", 39, 39, 39)]
    [InlineData("sets.equivalent([[1.0], [2, 3]], [[1], [2, 3.0]])", 69, 69, 69)]
    [InlineData("!sets.equivalent([1, 2], [2u, 2, 2.0])", 34, 34, 34)]
    [InlineData("sets.intersects([1], [1, 2])", 23, 23, 23)]
    [InlineData("sets.intersects([[1], [2, 3]], [[1, 2], [2, 3.0]])", 65, 65, 65)]
    [InlineData("!sets.intersects([], [])", 22, 22, 22)]
    [InlineData("[1, 2, 3].slice(1, 2)", 22, 22, 22)]
    [InlineData("[[1], [2, 3]].flatten()", 43, 43, 43)]
    [InlineData("[[1], [2, 3]].flatten(2)", 45, 45, 45)]
    [InlineData("lists.range(5)", 16, 16, 16)]
    [InlineData("[1, 2, 3].reverse()", 24, 24, 24)]
    [InlineData("[1, 2, 3].distinct()", 39, 39, 39)]
    [InlineData("[1, 2, 3].sort()", 39, 39, 39)]
    [InlineData("['a', 'b', 'c'].sort()", 40, 40, 39)]
    public static void Lists_cost(string text, int least, int most, int real) =>
        Assert.Equal(((ulong)least, (ulong)most, (ulong)real), Costs(text));

    /// <summary>How long the texts in a list are, nobody knows ahead: there is no bound.</summary>
    [Theory]
    [InlineData(Texts + ".max()", 15, 15)]
    [InlineData(Texts + ".isSorted()", 15, 15)]
    [InlineData(Texts + ".indexOf('x')", 15, 15)]
    [InlineData("['aa', 'bb', 'cc', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].join(' ')", 11, 15)]
    [InlineData("['aa', 'bb', 'cc', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].join()", 10, 13)]
    public static void Lists_of_texts_cost(string text, int least, int real)
    {
        var (found, most, cost) = Costs(text);
        Assert.Equal(((ulong)least, (ulong)real), (found, cost));
        Assert.True(most > 1_000_000_000, $"at most {most}");
    }

    [Theory]
    [InlineData(Ip4, 2, 2, 2)]
    [InlineData(Ip6, 4, 4, 4)]
    [InlineData(Ip4 + ".family()", 3, 3, 3)]
    [InlineData(Ip6 + ".isGlobalUnicast()", 5, 5, 5)]
    [InlineData(Ip4 + " == " + Ip4, 5, 5, 5)]
    [InlineData(Ip6 + " == " + Ip4, 7, 7, 7)]
    [InlineData(Ip6 + " == " + Ip6, 9, 9, 9)]
    [InlineData("ip.isCanonical('192.168.0.1')", 3, 3, 3)]
    [InlineData("ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')", 8, 8, 8)]
    [InlineData("ip.isCanonical('2001:db8::abcd')", 3, 3, 3)]
    [InlineData(Cidr4, 2, 2, 2)]
    [InlineData(Cidr6 + ".ip()", 3, 3, 3)]
    [InlineData(Cidr4 + ".prefixLength()", 3, 3, 3)]
    [InlineData(Cidr6 + ".masked()", 3, 3, 3)]
    [InlineData(Cidr4 + " == " + Cidr6, 5, 5, 5)]
    [InlineData(Cidr4 + ".containsCIDR(cidr('192.0.0.0/30'))", 7, 11, 7)]
    [InlineData(Cidr4 + ".containsCIDR('192.168.0.0/16')", 7, 11, 7)]
    [InlineData(Cidr4 + ".containsIP(ip('192.0.0.1'))", 4, 7, 4)]
    [InlineData(Cidr4 + ".containsIP(ip('192.169.169.250'))", 5, 8, 5)]
    [InlineData(Cidr4 + ".containsIP('192.169.0.1')", 5, 8, 5)]
    [InlineData(Cidr6 + ".containsCIDR(cidr('2001:db8::/126'))", 7, 11, 7)]
    [InlineData(Cidr6 + ".containsCIDR('2001:db8::/32')", 7, 11, 7)]
    [InlineData(Cidr6 + ".containsIP(" + Ip6 + ")", 7, 10, 7)]
    [InlineData(Cidr6 + ".containsIP('2001:db8::1')", 5, 8, 5)]
    public static void Addresses_cost(string text, int least, int most, int real) =>
        Assert.Equal(((ulong)least, (ulong)most, (ulong)real), Costs(text));

    [Theory]
    [InlineData("'ABCDEFGHIJ abcdefghij'.lowerAscii()", 3, 3, 3)]
    [InlineData("'ABCDEFGHIJ abcdefghij'.upperAscii() == 'abcdefghij ABCDEFGHIJ'.upperAscii()", 7, 9, 9)]
    [InlineData("strings.quote('ABCDEFGHIJ abcdefghij')", 3, 3, 3)]
    [InlineData("strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 7, 11, 9)]
    [InlineData("'ABCDEFGHIJ %s abcdefghij'.format(['a'])", 13, 13, 13)]
    [InlineData("'abc 123 def 123'.replace('', 'x')", 3, 3, 3)]
    [InlineData("'abc 123 def 123'.replace('123', '456', 1)", 3, 3, 3)]
    [InlineData("'abc 123 def 123'.split(' ', 1)", 3, 3, 3)]
    [InlineData("'abc 123 def 123'.substring(5, 8)", 2, 2, 2)]
    [InlineData("'  abc 123 def 123  '.trim()", 2, 2, 2)]
    [InlineData("'abc 123 def 123'.find('123')", 2, 2, 2)]
    [InlineData("'abc 123 def 123'.findAll('123', 1)", 2, 2, 2)]
    [InlineData("jsonpatch.escapeKey('abc/def~ abc/def~')", 2, 2, 2)]
    [InlineData("authorizer.path('/healthz')", 2, 2, 2)]
    [InlineData(Status, 6, 6, 6)]
    [InlineData("authorizer.group('').resource('pods').fieldSelector('" + Selector + "')", 1821, 1821, 1821)]
    [InlineData("authorizer.group('').resource('pods').labelSelector('" + Selector + "')", 1821, 1821, 1821)]
    [InlineData("authorizer.path('/healthz').check('get').allowed()", 350003, 350003, 350003)]
    [InlineData(Status + ".check('create').errored()", 350007, 350007, 350007)]
    [InlineData("semver('1234.56789012345.67890123456789')", 4, 4, 4)]
    [InlineData("isSemver('1.0.0')", 1, 1, 1)]
    [InlineData("semver('1.2.3').major()", 2, 2, 2)]
    [InlineData("semver('1.0.0').isLessThan(semver('1.1.0'))", 3, 3, 3)]
    [InlineData("semver('1.0.0') == semver('1.1.0')", 3, 3, 3)]
    public static void Texts_questions_and_versions_cost(string text, int least, int most, int real) =>
        Assert.Equal(((ulong)least, (ulong)most, (ulong)real), Costs(text));

    [Theory]
    [InlineData("{'a': 1, 'b': 2}.all(k, v, v > 0)", 37, 41, 41)]
    [InlineData("{'a': 1, 'b': 2}.exists(k, v, v > 0)", 39, 43, 40)]
    [InlineData("{'a': 1, 'b': 2}.existsOne(k, v, v > 0)", 38, 40, 40)]
    [InlineData("{'a': 1, 'b': 2}.transformMap(k, v, v + 1)", 71, 71, 71)]
    [InlineData("{'a': 1, 'b': 2}.transformMap(k, v, v < 5, v + 1)", 67, 75, 75)]
    [InlineData("{'a': 1, 'b': 2}.transformMapEntry(k, v, {k: v + 1})", 131, 131, 131)]
    [InlineData("{'a': 1, 'b': 2}.transformMapEntry(k, v, v < 5, {k: v + 1})", 67, 135, 135)]
    [InlineData("[1, 2].all(i, v, v > 0)", 17, 21, 21)]
    [InlineData("[1, 2].exists(i, v, v > 0)", 19, 23, 20)]
    [InlineData("[1, 2].existsOne(i, v, v > 0)", 18, 20, 20)]
    [InlineData("[1, 2].transformList(i, v, v + 1)", 49, 49, 49)]
    [InlineData("[1, 2].transformList(i, v, v < 5, v + 1)", 27, 53, 53)]
    public static void Macros_cost(string text, int least, int most, int real) =>
        Assert.Equal(((ulong)least, (ulong)most, (ulong)real), Costs(text));

    private static (ulong Least, ulong Most, ulong Real) Costs(string text)
    {
        var (program, issues) = Environment.Compile(text);
        Assert.True(program is not null, issues);
        var activation = Environment.Activate().Set("authorizer", AuthorizerLibrary.Of(new Willing()));
        var (value, cost) = program.Evaluate(activation);
        Assert.False(value.IsError, value.ToString());
        var estimate = program.EstimateCost();
        return (estimate.Min, estimate.Max, cost);
    }

    private sealed class Willing : ICelAuthorizer
    {
        public CelAccessDecision Check(CelAccessCheck check) => new(true, "");
    }
}
