-- SPDX-License-Identifier: MIT
-- A million rows in memory, an index, a sort.
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000)
	insert into t select i, hex(i * 7919 % 1000003), i / 3.0 from n;
create index by_b on t(b);
select count(*), sum(length(b)), round(avg(c), 3) from t where b like '3%';
select b from t order by b desc limit 3;
delete from t where a % 3 = 0;
select count(*), sum(a) from t;
