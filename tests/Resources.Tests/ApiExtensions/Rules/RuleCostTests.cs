using System.Text;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Rules;

/// <summary>
/// What rules cost over an object, as upstream's <c>celcoststability_test.go</c> has it: a number that changes lets
/// objects in, or keeps them out, that it did not before.
/// </summary>
public static class RuleCostTests
{
    /// <summary>What stands for itself in the worlds below.</summary>
    private static readonly (string Word, string Schema)[] Parts =
    [
        ("@keyed", """
            {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",
            "properties":{"k":@text,"v":@text,"v2":@text}}}
            """),
        ("@open",
            """{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"known":@whole}}"""),
        ("@embedded", """
            {"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}
            """),
        ("@either", """{"x-kubernetes-int-or-string":true}"""),
        ("@text", """{"type":"string"}"""),
        ("@number", """{"type":"number"}"""),
        ("@whole", """{"type":"integer"}"""),
    ];

    /// <summary>Properties of an object, and an object.</summary>
    private static readonly Dictionary<string, (string Properties, string Item)> Worlds = new()
    {
        ["numbers"] = (
            """{"w":@whole,"w2":@whole,"n":@number,"n2":@number,"b":{"type":"boolean"}}""",
            """{"w":9223372036854775807,"w2":9223372036854775807,"n":10,"n2":10.5,"b":true}"""),
        ["texts"] = (
            """
            {"t":@text,"t2":@text,"e":{"type":"string","enum":["Pending","Bound"]},
            "b":{"type":"string","format":"byte"},"d":{"type":"string","format":"duration"},
            "day":{"type":"string","format":"date"},"at":{"type":"string","format":"date-time"},"at2":@text,
            "day2":@text}
            """,
            """
            {"t":"Rook takes 👑","t2":"Rook takes 👑","e":"Pending","b":"QUI=","d":"1h2m3s4ms","day":"2011-08-18",
            "at":"2011-08-18T19:03:37.01+01:00","at2":"2011-08-18T19:03:37.01+01:00","day2":"2011-08-18T00:00:00Z"}
            """),
        ["lists"] = (
            """
            {"a":{"type":"array","items":@whole},"a2":{"type":"array","items":@whole},
            "s":{"type":"array","x-kubernetes-list-type":"set","items":@text},
            "s2":{"type":"array","x-kubernetes-list-type":"set","items":@text},
            "many":{"type":"array","items":@whole},"m":@keyed,"objs":{"type":"array","items":@keyed},
            "map":{"type":"object","additionalProperties":@whole},
            "words":{"type":"object","additionalProperties":@text}}
            """,
            """
            {"a":[1,2,3],"a2":[1,2,3],"s":["a","b","c"],"s2":["a","c","b"],"many":[1,1,2,2,3,3,4,5],
            "m":[{"k":"a1","v":"b1"},{"k":"a2","v":"b2"},{"k":"a3","v":"b3","v2":"z"}],
            "objs":[[{"k":"a","v":"1"},{"k":"b","v":"2"}],[{"k":"b","v":"2"},{"k":"a","v":"1"}],
            [{"k":"b","v":"3"},{"k":"a","v":"1"}],[{"k":"c","v":"4"}]],"map":{"b":1,"d":2},
            "words":{"k1":"a","k2":"b"}}
            """),
        ["objects"] = (
            """
            {"a":{"type":"object","properties":{"b":@whole,"c":@whole}},
            "a1":{"type":"object","properties":{"b1":{"type":"object","properties":{"c1":@whole}},
            "d2":{"type":"object","properties":{"e2":@whole}}}},"embedded":@embedded,
            "pct":@either,"one":@either,
            "open":{"type":"array","items":@open},"plain":@text,"unset":@text,"current":@whole,
            "available":@whole,"obj":{"type":"object","properties":{"field":@text,"absent":@text}},
            "m":{"type":"object","additionalProperties":@text},"l":{"type":"array","items":@text}}
            """,
            """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"foo","generateName":"pickItForMe"},"a":{"b":1},
            "a1":{"b1":{"c1":4}},
            "embedded":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"foo","generateName":"pickItForMe"}},
            "pct":"25%","one":1,"plain":"v1","current":5,"available":10,"obj":{"field":"a"},"m":{"k":"v"},"l":["a"],
            "open":[{"known":1,"unknown":"a"},{"known":1,"unknown":"b"},{"known":1,"unknown":"b"},{},{}]}
            """),
    };

    [Theory]
    [InlineData("numbers", "self.w == self.w2 && self.w == 9223372036854775807 && self.w2 == 9223372036854775807", 11)]
    [InlineData("numbers", "type(self.w) == int", 4)]
    [InlineData("numbers", "self.w2 - 1 != 5 + 1", 5)]
    [InlineData("numbers", "type(self.n) == double", 4)]
    [InlineData("numbers", "self.n == 10.0", 3)]
    [InlineData("numbers", "double(self.w) > self.n", 6)]
    [InlineData("numbers", "double(5) < 10.0", 1)]
    [InlineData("numbers", "5 < int(10.0)", 1)]
    [InlineData("numbers", "double(self.w) > 10.0", 4)]
    [InlineData("numbers", "string(self.n2) == '10.5'", 4)]
    [InlineData("numbers", "self.b != (self.n2 == 1.0)", 6)]
    [InlineData("texts", "self.t == self.t2 && self.t == 'Rook takes 👑' && self.t2 == 'Rook takes 👑'", 14)]
    [InlineData("texts", "self.t.startsWith('Rook')", 4)]
    [InlineData("texts", "!self.t.startsWith('knight')", 5)]
    [InlineData("texts", "self.t.matches('^[^0-9]*$')", 8)]
    [InlineData("texts", "!self.t.matches('^[0-9]*$')", 7)]
    [InlineData("texts", "size(self.t) == 12", 4)]
    [InlineData("texts", "self.t.charAt(3) == 'k'", 4)]
    [InlineData("texts", "self.t.indexOf('o', 2) == 2", 4)]
    [InlineData("texts", "self.t.replace(' ', 'x') == 'Rookxtakesx👑'", 7)]
    [InlineData("texts", "self.t.split(' ') == ['Rook', 'takes', '👑']", 6)]
    [InlineData("texts", "self.t.substring(4, 10).trim() == 'takes'", 6)]
    [InlineData("texts", "self.t.upperAscii() == 'ROOK TAKES 👑'", 6)]
    [InlineData("texts", "self.b == b'AB'", 3)]
    [InlineData("texts", "self.d == duration('1h2m') + duration('3s4ms')", 4)]
    [InlineData("texts", "self.d.getHours() == 1", 4)]
    [InlineData("texts", "self.at.getDate('01:00') == 18", 4)]
    [InlineData("texts", "timestamp(self.at2) == self.at", 6)]
    [InlineData("texts", "string(self.at) == self.at2", 8)]
    [InlineData("texts", "string(self.day) == self.day2", 7)]
    [InlineData("texts", "self.e == 'Pending'", 3)]
    [InlineData("texts", "self.e in ['Pending', 'Available']", 2)]
    [InlineData("texts", "!(self.e in [])", 1)]
    [InlineData("texts", "self.b in [b'AB', b'A']", 4)]
    [InlineData("lists", "self.a == self.a2 && self.a == [1, 2, 3] && self.a2 == [1, 2, 3]", 11)]
    [InlineData("lists", "1 in self.a", 5)]
    [InlineData("lists", "self.a2[0] in self.a", 8)]
    [InlineData("lists", "!(0 in self.a)", 6)]
    [InlineData("lists", "self.a + self.a2 == [1, 2, 3, 1, 2, 3]", 6)]
    [InlineData("lists", "self.a + [4, 5] == [1, 2, 3, 4, 5]", 4)]
    [InlineData("lists", "self.s == ['c', 'b', 'a']", 3)]
    [InlineData("lists", "self.s == self.s2", 5)]
    [InlineData("lists", "self.s + self.s2 == ['a', 'b', 'c']", 6)]
    [InlineData("lists", "self.s + ['c', 'd'] == ['a', 'b', 'c', 'd']", 4)]
    [InlineData("lists", "self.objs[0] == self.objs[1]", 7)]
    [InlineData("lists", "self.objs[0] + self.objs[2] == self.objs[2]", 11)]
    [InlineData("lists", "self.objs[0] == [self.objs[0][0], self.objs[0][1]]", 22)]
    [InlineData("lists", "self.objs[2] + [self.objs[0][0], self.objs[0][1]] == self.objs[0]", 26)]
    [InlineData("lists", "size(self.objs[0] + [self.objs[3][0]]) == 3", 20)]
    [InlineData("lists", "'k1' in self.words", 3)]
    [InlineData("lists", "self.words == {'k1': 'a', 'k2': 'b'}", 3)]
    [InlineData("lists", "!has(self.map.a)", 3)]
    [InlineData("lists", "has(self.map.b)", 2)]
    [InlineData("lists", "self.map.all(k, self.map[k] > 0)", 17)]
    [InlineData("lists", "self.map.exists_one(k, self.map[k] == 2)", 14)]
    [InlineData("lists", "!self.map.exists_one(k, self.map[k] > 0)", 17)]
    [InlineData("lists", "size(self.map.filter(k, self.map[k] > 1)) == 1", 26)]
    [InlineData("lists", "has(self.m[0].v)", 3)]
    [InlineData("lists", "self.m.all(m, m.k.startsWith('a'))", 21)]
    [InlineData("lists", "self.m.all(m, !has(m.v2) || m.v2 == 'z')", 21)]
    [InlineData("lists", "self.m.exists(m, m.k.endsWith('1'))", 13)]
    [InlineData("lists", "self.m.exists_one(m, m.k == 'a3')", 15)]
    [InlineData("lists", "!self.m.all(m, m.k.endsWith('1'))", 18)]
    [InlineData("lists", "!self.m.exists(m, m.v == 'x')", 25)]
    [InlineData("lists", "!self.m.exists_one(m, m.k.startsWith('a'))", 20)]
    [InlineData("lists", "size(self.m.filter(m, m.k == 'a1')) == 1", 27)]
    [InlineData("lists", "self.m.exists(m, m.k == 'a1' && m.v == 'b1')", 16)]
    [InlineData("lists", "self.m.map(m, m.v).exists(v, v == 'b1')", 55)]
    [InlineData("lists", "self.m.exists(m, has(m.v2) && m.v2 == 'z')", 21)]
    [InlineData("lists", "!self.m.all(m, has(m.v2) && m.v2 != 'z')", 10)]
    [InlineData("lists", "self.m.exists_one(m, has(m.v2) && m.v2 == 'z')", 12)]
    [InlineData("lists", "self.m.filter(m, has(m.v2) && m.v2 == 'z').size() == 1", 24)]
    [InlineData("lists", "self.m.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1", 25)]
    [InlineData("lists", "self.m.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1", 39)]
    [InlineData("lists", "self.m.exists(m, m.v2 == 'z')", 24)]
    [InlineData("lists", "!self.m.all(m, m.v2 != 'z')", 22)]
    [InlineData("lists", "2 in self.many", 10)]
    [InlineData("lists", "self.many.all(e, e > 0)", 43)]
    [InlineData("lists", "self.many.exists(e, e > 2)", 36)]
    [InlineData("lists", "self.many.exists_one(e, e > 4)", 22)]
    [InlineData("lists", "!self.many.all(e, e < 2)", 21)]
    [InlineData("lists", "!self.many.exists(e, e < 0)", 52)]
    [InlineData("lists", "!self.many.exists_one(e, e == 2)", 25)]
    [InlineData("lists", "size(self.many.filter(e, e%2 == 0)) == 3", 68)]
    [InlineData("lists", "self.many.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)", 194)]
    [InlineData("objects", "has(self.a.b)", 2)]
    [InlineData("objects", "has(self.a1.b1.c1)", 3)]
    [InlineData("objects", "!(has(self.a1.d2) && has(self.a1.d2.e2))", 3)]
    [InlineData("objects", "self.metadata.name == 'foo'", 4)]
    [InlineData("objects", "self.metadata.generateName == 'pickItForMe'", 5)]
    [InlineData("objects", "self.embedded.metadata.generateName == 'pickItForMe'", 6)]
    [InlineData("objects", "has(self.embedded)", 1)]
    [InlineData("objects", "type(self.pct) == int ? self.pct == 1 : self.pct == '25%'", 7)]
    [InlineData("objects", "type(self.pct) == string && self.pct == '25%'", 7)]
    [InlineData("objects", "self.pct == 1 || self.pct == '25%'", 6)]
    [InlineData("objects", "self.pct != ['anything']", 3)]
    [InlineData("objects", "self.one == '25%' || self.one == 1", 6)]
    [InlineData("objects", @"type(self.pct) == string && self.pct.matches(r'(\d+(\.\d+)?%)')", 10)]
    [InlineData(
        "objects",
        "type(self.pct) == int ? self.current <= self.pct : double(self.current) / double(self.available) >= "
        + "double(self.pct.replace('%', '')) / 100.0", 17)]
    [InlineData("objects", "self.open[0] != self.open[1]", 7)]
    [InlineData("objects", "self.open[3] == self.open[4]", 6)]
    [InlineData("objects", "has(self.plain) && self.plain == 'v1'", 4)]
    [InlineData("objects", "!has(self.unset)", 2)]
    [InlineData("objects", "type(self) == type(self)", 5)]
    [InlineData("objects", "optional.of('a') != optional.of('b')", 3)]
    [InlineData("objects", "optional.of('a') != optional.none()", 3)]
    [InlineData("objects", "optional.of('a').or(optional.of('a')).hasValue()", 2)]
    [InlineData("objects", "optional.none().or(optional.of('a')).hasValue()", 3)]
    [InlineData("objects", "optional.of('a').optMap(v, v == 'a').hasValue()", 8)]
    [InlineData("objects", "self.obj.?field == optional.of('a')", 5)]
    [InlineData("objects", "self.obj.?absent == optional.none()", 4)]
    [InlineData("objects", "self.obj.?field.orValue('v') == 'a'", 4)]
    [InlineData("objects", "self.m[?'k'] == optional.of('v')", 5)]
    [InlineData("objects", "self.l[?0] == optional.of('a')", 5)]
    [InlineData("objects", "optional.ofNonZeroValue(1).hasValue()", 2)]
    public static void Rules_cost(string world, string rule, int cost)
    {
        var (properties, item) = Worlds[world];
        var known = Parts.Aggregate(
            properties, static (text, part) => text.Replace(part.Word, part.Schema, StringComparison.Ordinal));
        var schema = JsonSchema.Parse(
            $$"""
            {"type":"object","properties":{{known}},"x-kubernetes-validations":[{"rule":{{GoText.Json(rule)}}}]}
            """);
        var errors = new FieldErrors();
        var left = RuleTree.Of(schema, isRoot: true)!.Validate(Encoding.UTF8.GetBytes(item), null, errors).Left;
        Assert.Empty(errors.All);
        Assert.Equal((ulong)cost, RuleBudget.OfOneObject.Left - left);
    }
}
