namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Ways to make an expression of each type: what is after <c>#</c> is the type of what stands there. The names of the
/// types are this table's own.
/// </summary>
internal static class TypedForms
{
    public const string Bool = "bool";
    public const string Int = "int";
    public const string Text = "text";
    public const string Texts = "texts";
    public const string Map = "map";
    public const string Time = "time";
    public const string Double = "double";

    /// <summary>What stands for itself.</summary>
    public static readonly (string Type, string[] Texts)[] Leaves =
    [
        (Bool, ["true", "false", "[] == []", "isIP('1.2.3.4')", "isURL('a')"]),
        (Int, ["0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "int(1u)"]),
        (Double, ["1.5", "-0.0", "1e300", "double('NaN')"]),
        (Text, ["''", "'a'", "'a,b'", "'\\u00e9\\n'", "'1.5Gi'", "'%s'", "r'\\d'", "string(b'x')", "'10.0.0.1'"]),
        (Texts, ["['a', 'b']", "['']", "[string(1)]"]),
        ("ints", ["[1, 2, 3]", "[-1]", "lists.range(9)"]),
        (Map, ["{'a': 'b'}", "{'k': '', 'l': 'x'}"]),
        (Time, ["timestamp('2001-01-01T00:00:00Z')", "timestamp(0)"]),
        ("duration", ["duration('1h')", "duration('-1.5s')"]),
        ("quantity", ["quantity('1.5Gi')", "quantity('-3m')"]),
        ("ip", ["ip('::1')", "ip('10.1.2.3')"]),
        ("cidr", ["cidr('10.0.0.0/8')", "cidr('::/0')"]),
        ("url", ["url('https://a:1/b?c=d')"]),
        ("semver", ["semver('1.2.3-a')", "semver('v1', true)"]),
        ("maybe", ["optional.of('a')", "optional.none()", "{'a': 'b'}[?'c']"]),
    ];

    /// <summary>What is made of others.</summary>
    public static readonly (string Type, string[] Texts)[] Made =
    [
        (Bool,
        [
            "(#bool && #bool)", "(#bool || #bool)", "!(#bool)", "(#bool ? #bool : #bool)", "#int == #int",
            "#int < #int", "#double >= #double", "#double != #double", "#text == #text", "#text <= #text",
            "#texts == #texts", "#map == #map", "#time < #time", "#duration > #duration", "#text in #texts",
            "#int in #ints", "#text in #map", "#text.matches('^(a+)+$')", "#text.matches(#text)",
            "#text.contains(#text)", "#text.startsWith(#text)", "#text.endsWith('b')", "#texts.all(x, x.size() < #int)",
            "#texts.exists(x, x == #text)", "#texts.exists_one(x, x.startsWith('a') && #bool)",
            "#ints.all(x, #ints.exists(y, x + y > #int))", "#map.all(k, k.size() > #int)",
            "#map.exists(k, v, k == v || #bool)", "#ints.isSorted()", "isQuantity(#text)", "isIP(#text)",
            "isCIDR(#text)", "isSemver(#text)", "sets.contains(#texts, #texts)", "sets.intersects(#ints, #ints)",
            "sets.equivalent(#texts, #texts)", "#quantity.isLessThan(#quantity)", "#quantity.isInteger()",
            "#cidr.containsIP(#ip)", "#cidr.containsCIDR(#cidr)", "#ip.isLoopback()", "#semver.isLessThan(#semver)",
            "#maybe.hasValue()", "#maybe == optional.of(#text)",
            "format.dns1123Label().validate(#text).hasValue()", "type(dyn(#text)) == string",
            "dyn(#int) == dyn(#text)",
        ]),
        (Int,
        [
            "(#int + #int)", "(#int - #int)", "(#int * #int)", "(#int / #int)", "(#int % #int)", "-(#int)",
            "#text.size()", "size(#texts)", "#map.size()", "int(#double)", "int(#text)", "#text.indexOf(#text)",
            "#texts.lastIndexOf(#text)", "#ints.sum()", "#ints.max()", "#ints[#int]", "#time.getHours()",
            "#time.getDayOfWeek('Europe/Berlin')", "#duration.getMinutes()", "(#bool ? #int : #int)",
            "sign(#quantity)", "#quantity.compareTo(#quantity)", "#semver.major()",
            "#ip.family()", "#cidr.prefixLength()", "int(#time)",
        ]),
        (Double,
        [
            "double(#int)", "(#double * #double)", "(#double / #double)", "double(#text)",
            "#quantity.asApproximateFloat()",
        ]),
        (Text,
        [
            "(#text + #text)", "string(#int)", "string(#double)", "string(#bool)", "string(#time)",
            "string(#duration)", "#text.lowerAscii()", "#text.upperAscii()", "#text.trim()",
            "#text.replace(#text, 'b', 3)", "#text.substring(#int)", "#text.substring(0, #int)", "#text.charAt(#int)",
            "#texts.join(#text)", "#texts[#int]", "#map[#text]", "#text.find('[a-z]+')",
            "'%s %s'.format([#text, #text])", "'%d %x'.format([#int, #int])",
            "#text.format([#map, #map])", "'%.2f'.format([#double])", "#maybe.orValue(#text)",
            "(#bool ? #text : #text)", "strings.quote(#text)", "#url.getHost()", "string(#ip)",
            "string(#cidr.masked())",
        ]),
        (Texts,
        [
            "#text.split(#text)", "#text.split(',', #int)", "#texts.map(x, x + #text)",
            "#texts.map(x, x != #text, x)", "#texts.filter(x, x.size() > #int)", "(#texts + #texts)", "[#text, #text]",
            "#text.findAll('a|b')", "#map.map(k, k)", "#texts.sort()", "#texts.reverse()", "#texts.distinct()",
            "#texts.slice(0, #int)", "[#texts, #texts].flatten()", "#ints.transformList(i, x, string(i * x))",
        ]),
        ("ints",
        [
            "[#int, #int]", "#ints.map(x, x * #int)", "#ints.filter(x, x > #int)", "#texts.map(x, x.size())",
            "#ints.sortBy(x, -x)", "lists.range(#text.size())",
        ]),
        (Map,
        [
            "{#text: #text}", "#map.transformMap(k, v, v + #text)", "{#text: #text, ?'o': #maybe}",
            "#map.transformMapEntry(k, v, {v: k})",
        ]),
        (Time, ["(#time + #duration)", "(#time - #duration)", "timestamp(#text + '')"]),
        ("duration", ["(#time - #time)", "(#duration + #duration)", "duration(#text + '')"]),
        ("quantity", ["quantity(#text)", "#quantity.add(#quantity)", "#quantity.sub(#int)"]),
        ("ip", ["ip(#text)", "#cidr.ip()"]),
        ("cidr", ["cidr(#text)"]),
        ("url", ["url(#text)"]),
        ("semver", ["semver(#text)", "semver(#text, true)"]),
        ("maybe",
        [
            "optional.of(#text)", "#map[?#text]", "#texts[?#int]", "#maybe.optMap(o, o + #text)", "#maybe.or(#maybe)",
            "optional.ofNonZeroValue(#text)",
        ]),
    ];
}
