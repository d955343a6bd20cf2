namespace OrleansOrchestrator.Cel.Functions;

/// <summary>By what the cost of a call is counted.</summary>
internal enum CostRule
{
    Nominal,
    Traversal,
    Text,
    TextTwice,
    Joining,
    Pattern,
    Contains,
    Authorization,
    CidrContainsIp,
    CidrContainsCidr,
    Selector,
    Format,
    Collected,
    Reversing,
    Flattening,
    Ordering,
    Pairs,
    PairsTwice,
}

/// <summary>Which rule counts which function.</summary>
internal static class CostRules
{
    public static CostRule Of(string function, string overload) => overload switch
    {
        "starts_with_string" or "ends_with_string" or "string_to_bytes" or "bytes_to_string" or "string_format"
            or "strings_quote" => CostRule.Text,
        "matches" or "matches_string" => CostRule.Pattern,
        "contains_string" => CostRule.Contains,
        "cidr_ip" => CostRule.Nominal,
        "list_join" or "list_join_string" => CostRule.Joining,
        _ => OfFunction(function, overload),
    };

    private static CostRule OfFunction(string function, string overload) => function switch
    {
        "check" => CostRule.Authorization,
        "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" => CostRule.Traversal,
        "fieldSelector" or "labelSelector" => CostRule.Selector,
        "url" or "lowerAscii" or "upperAscii" or "substring" or "trim" or "jsonpatch.escapeKey" => CostRule.Text,
        "replace" or "split" or "ip.isCanonical" => CostRule.TextTwice,
        "find" or "findAll" => CostRule.Pattern,
        "cidr" or "isIP" or "isCIDR" or "ip" or "quantity" or "isQuantity" or "semver" or "isSemver" => CostRule.Text,
        "validate" => CostRule.Format,
        "containsIP" => CostRule.CidrContainsIp,
        "containsCIDR" => CostRule.CidrContainsCidr,
        "slice" or "lists.range" => CostRule.Collected,
        "reverse" => CostRule.Reversing,
        "flatten" => CostRule.Flattening,
        "sort" or "@sortByAssociatedKeys" or "distinct" => CostRule.Ordering,
        "sets.contains" or "sets.intersects" => CostRule.Pairs,
        "sets.equivalent" => CostRule.PairsTwice,
        _ => CostRule.Nominal,
    };
}
