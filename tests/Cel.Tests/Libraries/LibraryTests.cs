using Xunit;

namespace OrleansOrchestrator.Cel.Tests.Libraries;

/// <summary>What the libraries say of good and of bad input, as upstream's <c>library/*_test.go</c> has it.</summary>
public static class LibraryTests
{
    private const string NoPrefix =
        "network address parse error during conversion from string: network address parse error during conversion "
        + "from string: netip.ParsePrefix";

    [Theory]
    [InlineData("ip('192.168.0.1.0')", "192.168.0.1.0", "IPv4 address too long")]
    [InlineData("ip.isCanonical('127.0.0.1.0')", "127.0.0.1.0", "IPv4 address too long")]
    [InlineData("ip('1.2.3')", "1.2.3", "IPv4 address too short")]
    [InlineData("ip('1.2.3.256')", "1.2.3.256", "IPv4 field has value >255")]
    [InlineData("ip('1.2.3.04')", "1.2.3.04", "IPv4 field has octet with leading zero")]
    [InlineData("ip('1..2.3')", "1..2.3", "IPv4 field must have at least one digit (at \".2.3\")")]
    [InlineData("ip('1.2.3.a')", "1.2.3.a", "unexpected character (at \"a\")")]
    [InlineData("ip('x')", "x", "unable to parse IP")]
    [InlineData("ip('')", "", "unable to parse IP")]
    [InlineData("ip('%eth0')", "%eth0", "missing IPv6 address")]
    [InlineData("ip('fe80::%')", "fe80::%", "zone must be a non-empty string")]
    [InlineData(
        "ip('2001:db8:::68')", "2001:db8:::68",
        "each colon-separated field must have at least one digit (at \":68\")")]
    [InlineData("ip('1::2::3')", "1::2::3", "multiple :: in address (at \":3\")")]
    [InlineData("ip('12345::')", "12345::", "each group must have 4 or less digits (at \"12345::\")")]
    [InlineData("ip('1:2:')", "1:2:", "colon must be followed by more characters (at \":\")")]
    [InlineData("ip('1:2')", "1:2", "address string too short")]
    [InlineData("ip('1:2x::')", "1:2x::", "unexpected character, want colon (at \"x::\")")]
    [InlineData("ip('1:2:3:4:5:6:7:8:9')", "1:2:3:4:5:6:7:8:9", "trailing garbage after address (at \"9\")")]
    [InlineData(
        "ip('1::2:3:4:5:6:7:8')", "1::2:3:4:5:6:7:8", "the :: must expand to at least one field of zeros")]
    [InlineData(
        "ip('1:1.2.3.4')", "1:1.2.3.4",
        "embedded IPv4 address must replace the final 2 fields of the address (at \"1.2.3.4\")")]
    [InlineData(
        "ip('1:2:3:4:5:6:7:1.2.3.4')", "1:2:3:4:5:6:7:1.2.3.4",
        "embedded IPv4 address must replace the final 2 fields of the address (at \"1.2.3.4\")")]
    public static void What_is_no_address_is_told(string text, string given, string why) => Assert.Equal(
        $"IP Address \"{given}\" parse error during conversion from string: ParseAddr(\"{given}\"): {why}",
        Evaluate(text));

    [Theory]
    [InlineData("ip('::ffff:1.2.3.4')", "IPv4-mapped IPv6 address \"::ffff:1.2.3.4\" is not allowed")]
    [InlineData("ip('fe80::1%eth0')", "IP address \"fe80::1%eth0\" with zone value is not allowed")]
    [InlineData("cidr('192.168.0.0/')", NoPrefix + "(\"192.168.0.0/\"): bad bits after slash: \"\"")]
    [InlineData("cidr('2001:db8::/')", NoPrefix + "(\"2001:db8::/\"): bad bits after slash: \"\"")]
    [InlineData("cidr('1.2.3.4/08')", NoPrefix + "(\"1.2.3.4/08\"): bad bits after slash: \"08\"")]
    [InlineData("cidr('1.2.3.4/33')", NoPrefix + "(\"1.2.3.4/33\"): prefix length out of range")]
    [InlineData("cidr('1.2.3.4')", NoPrefix + "(\"1.2.3.4\"): no '/'")]
    [InlineData("cidr('1.2.3/8')", NoPrefix + "(\"1.2.3/8\"): ParseAddr(\"1.2.3\"): IPv4 address too short")]
    [InlineData("cidr('fe80::1%a/64')", NoPrefix + "(\"fe80::1%a/64\"): IPv6 zones cannot be present in a prefix")]
    [InlineData(
        "cidr('::ffff:1.2.3.4/128')",
        "network address parse error during conversion from string: IPv4-mapped IPv6 address "
        + "\"::ffff:1.2.3.4/128\" is not allowed")]
    [InlineData("semver('v1.0')", "No Major.Minor.Patch elements found")]
    [InlineData("semver('')", "Version string empty")]
    [InlineData("semver('1.2.3.4')", "Invalid character(s) found in patch number \"3.4\"")]
    [InlineData("semver('a.2.3')", "Invalid character(s) found in major number \"a\"")]
    [InlineData("semver('1.02.3')", "Minor number must not contain leading zeroes \"02\"")]
    [InlineData("semver('1.2.3-01')", "Numeric PreRelease version must not contain leading zeroes \"01\"")]
    [InlineData("semver('1.2.3-a..b')", "Prerelease is empty")]
    [InlineData("semver('1.2.3+a_b')", "Invalid character(s) found in build meta data \"a_b\"")]
    [InlineData("semver('1-rc', true)", "short version cannot contain PreRelease/Build meta data")]
    [InlineData("[].max()", "max called on empty list")]
    public static void Bad_input_is_told(string text, string why) => Assert.Equal(why, Evaluate(text));

    [Theory]
    [InlineData("ip('0.0.0.0').isUnspecified() && !ip('127.0.0.1').isUnspecified() && ip('::').isUnspecified()")]
    [InlineData("ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()")]
    [InlineData("ip('ff02::1').isLinkLocalMulticast() && !ip('fd00::1').isLinkLocalMulticast()")]
    [InlineData("ip('169.254.169.254').isLinkLocalUnicast() && !ip('192.168.0.1').isLinkLocalUnicast()")]
    [InlineData("ip('fe80::1').isLinkLocalUnicast() && !ip('fd80::1').isLinkLocalUnicast()")]
    [InlineData("ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()")]
    [InlineData("ip('2001:db8::abcd').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()")]
    [InlineData("ip.isCanonical('2001:db8::68') && !ip.isCanonical('2001:DB8::68') && !isIP('192.168.0.1.0')")]
    [InlineData("string(ip('::1.2.3.4')) == '::102:304' && string(ip('1:0:0:2:0:0:0:3')) == '1:0:0:2::3'")]
    [InlineData("string(ip('1:0:2:3:4:5:6:7')) == '1:0:2:3:4:5:6:7' && string(ip('::')) == '::'")]
    [InlineData("type(ip('192.168.0.1')) == net.IP && type(cidr('192.168.0.0/24')) == net.CIDR")]
    [InlineData("cidr('192.168.0.0/24').containsCIDR('192.168.0.0/25')")]
    [InlineData("!cidr('192.168.0.0/24').containsCIDR(cidr('192.168.0.0/23'))")]
    [InlineData("cidr('2001:db8::/32').containsIP('2001:db8::1') && !cidr('2001:db8::/32').containsIP('2001:dc8::1')")]
    [InlineData("!cidr('2001:db8::/32').containsCIDR('2001:db8::/31')")]
    [InlineData("cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24') && cidr('1.2.3.4/8').ip() == ip('1.2.3.4')")]
    [InlineData("string(cidr('2001:db8:1::/32').masked()) == '2001:db8::/32'")]
    [InlineData("isSemver('1.2.3-beta.1+build.1') && !isSemver('') && !isSemver('v1.0.0') && !isSemver(' 1.0.0')")]
    [InlineData("!isSemver('1. 0.0') && !isSemver('1.0.0 ') && !isSemver('01.01.01') && !isSemver('1.1')")]
    [InlineData("!isSemver('', true) && !isSemver(' 1.0.0', true) && !isSemver('1.0.0 ', true)")]
    [InlineData("['v1.0.0', '01.01.01', '1', '1.1'].all(v, isSemver(v, true))")]
    [InlineData("isSemver('1.2.00-rc', true) && !isSemver('1-rc', true) && !isSemver('1. 0.0', true)")]
    [InlineData("semver('v01.01', true) == semver('1.1.0') && semver('1.2.3').minor() == 2")]
    [InlineData("jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'")]
    [InlineData("isURL('mailto:a') && url('https:://a/?b=c').getHost() == '' && isURL('*')")]
    [InlineData("!isURL('a') && !isURL(':a')")]
    [InlineData("isURL('https://a:b@c') && !isURL('https://a b@c') && !isURL('https://a%4@c')")]
    [InlineData("url('https://a/b#c').getEscapedPath() == '/b%23c' && !isURL('https://a#b')")]
    [InlineData("url('//a/b').getHost() == '' && url('//a/b').getEscapedPath() == '//a/b'")]
    [InlineData("url('/a[b]*%2f').getEscapedPath() == '/a[b]*%2f'")]
    [InlineData("url('/a [b]*+%2F%ff').getEscapedPath() == '/a%20%5Bb%5D%2A+/%FF'")]
    [InlineData("url('/?a=1&b=%zz&c=1;d=2&a=x+y').getQuery() == {'a': ['1', 'x y']}")]
    [InlineData("string(timestamp('2020-01-01T00:00:00+05:00')) == '2020-01-01T00:00:00+05:00'")]
    [InlineData("timestamp('2020-01-01T00:30:00+05:30').getHours() == 19")]
    [InlineData("timestamp('2020-01-01T00:30:00+05:30').getMinutes() == 0")]
    [InlineData("timestamp('2020-01-01T00:00:00+05:00').getFullYear() == 2019")]
    [InlineData("timestamp('2020-01-01T00:00:00+05:00').getHours('UTC') == 19")]
    [InlineData("timestamp('2020-01-01T00:00:00+05:00').getHours('+01:00') == 20")]
    [InlineData("(timestamp('2020-01-01T00:00:00+05:00') + duration('1h')).getHours() == 20")]
    public static void Good_input_gives_what_upstream_says(string text) => Assert.Equal("true", Evaluate(text));

    [Theory]
    [InlineData("isIP(cidr('192.168.0.0/24'))", "found no matching overload for 'isIP' applied to '(net.CIDR)'")]
    [InlineData("isSemver([1, 2, 3])", "found no matching overload for 'isSemver' applied to '(list(int))'")]
    public static void Other_types_are_refused(string text, string why) =>
        Assert.Contains(why, Environment.Compile(text).Issues, StringComparison.Ordinal);

    /// <summary>What upstream computes when it makes the program fails then, and the program is not made.</summary>
    [Theory]
    [InlineData("int('a') == 1", "type conversion error from 'string' to 'int'")]
    [InlineData("bool('maybe')", "type conversion error from 'string' to 'bool'")]
    [InlineData("uint(-1) == 1u", "unsigned integer overflow")]
    [InlineData("int('1') == 1", null)]
    [InlineData("int('a' + 'b') == 1", null)]
    public static void Constants_that_do_not_convert_are_found_ahead(string text, string? fault) =>
        Assert.Equal(fault, Environment.Compile(text).Program!.Fault);

    /// <summary>What is not needed is not looked at.</summary>
    [Theory]
    [InlineData("optional.of(1).or(optional.of(1 / 0)).value()", "1")]
    [InlineData("optional.of(1).orValue(1 / 0)", "1")]
    [InlineData("optional.none().orValue(1 / 0)", "division by zero")]
    [InlineData("dyn(2.0) in [1, 2]", "true")]
    [InlineData("dyn('2') in [1, 2]", "false")]
    [InlineData("1 in []", "false")]
    public static void Alternatives_and_members(string text, string result) => Assert.Equal(result, Evaluate(text));

    private static CelEnvironment Environment { get; } =
        CelEnvironment.Kubernetes.With(Cel.Libraries.PatchLibrary.Library);

    private static string Evaluate(string text)
    {
        var (program, issues) = Environment.Compile(text);
        Assert.True(program is not null, issues);
        return program.Evaluate(Environment.Activate()).Value.ToString();
    }
}
