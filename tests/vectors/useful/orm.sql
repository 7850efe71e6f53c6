-- What object-relational mappers send: quoted, aliased, all columns, counts and pages.
SELECT "patients"."id", "patients"."handle", "patients"."full_name", "patients"."city" FROM "patients" WHERE "patients"."id" = 3 LIMIT 21; -- Django: get
SELECT "patients"."id", "patients"."handle", "patients"."full_name" FROM "patients" WHERE "patients"."handle" = 'somebody' LIMIT 21; -- Django: get by handle
SELECT COUNT(*) AS "__count" FROM "patients"; -- Django: count
SELECT COUNT(*) AS "__count" FROM "patients" WHERE "patients"."city" = 'Oslo'; -- Django: filtered count
SELECT 1 AS "a" FROM "patients" WHERE "patients"."handle" = 'somebody' LIMIT 1; -- Django: exists
SELECT "patients"."city", COUNT("patients"."id") AS "n" FROM "patients" GROUP BY "patients"."city" ORDER BY "n" DESC; -- Django: annotate
SELECT "treatments"."id", "treatments"."price", "patients"."id", "patients"."full_name" FROM "treatments" INNER JOIN "patients" ON ("treatments"."patient_id" = "patients"."id") ORDER BY "treatments"."id" ASC LIMIT 5; -- Django: select_related
SELECT "treatments"."id" FROM "treatments" INNER JOIN "patients" ON ("treatments"."patient_id" = "patients"."id") WHERE "patients"."handle" = 'somebody' ORDER BY "treatments"."at" DESC; -- Django: across a key
SELECT "patients"."id", "patients"."full_name" FROM "patients" WHERE "patients"."id" IN (1, 2, 3, 4, 5); -- Django: prefetch
SELECT DISTINCT "patients"."city" FROM "patients" ORDER BY "patients"."city" ASC; -- Django: distinct
SELECT "patients"."id" FROM "patients" WHERE NOT ("patients"."city" = 'Oslo' AND "patients"."city" IS NOT NULL) ORDER BY "patients"."id" ASC; -- Django: exclude
SELECT COUNT(*) FROM (SELECT DISTINCT "patients"."city" AS "col1" FROM "patients") subquery; -- Django: count of distinct
SELECT COUNT(*) FROM (SELECT "patients"."id" AS "col1" FROM "patients" LIMIT 10) subquery; -- Django: count of a page
SELECT SUM("treatments"."price") AS "price__sum" FROM "treatments"; -- Django: aggregate
SELECT patients.id AS patients_id, patients.handle AS patients_handle, patients.full_name AS patients_full_name FROM patients WHERE patients.id = 3; -- SQLAlchemy: get
SELECT count(*) AS count_1 FROM (SELECT patients.id AS patients_id, patients.handle AS patients_handle, patients.full_name AS patients_full_name FROM patients) AS anon_1; -- SQLAlchemy: Query.count
SELECT count(*) AS count_1 FROM (SELECT patients.id AS patients_id, patients.full_name AS n FROM patients WHERE patients.city = 'Oslo') AS anon_1; -- SQLAlchemy: filtered count
SELECT anon_1.patients_id, anon_1.patients_full_name, treatments_1.id FROM (SELECT patients.id AS patients_id, patients.full_name AS patients_full_name FROM patients ORDER BY patients.id LIMIT 3) AS anon_1 LEFT OUTER JOIN treatments AS treatments_1 ON anon_1.patients_id = treatments_1.patient_id ORDER BY anon_1.patients_id, treatments_1.id; -- SQLAlchemy: joined load of a page
SELECT patients_1.id, patients_1.full_name, treatments.id FROM treatments JOIN patients AS patients_1 ON patients_1.id = treatments.patient_id ORDER BY treatments.id LIMIT 4; -- SQLAlchemy: contains_eager
SELECT EXISTS (SELECT 1 FROM patients WHERE patients.handle = 'somebody') AS anon_1; -- SQLAlchemy: exists
SELECT patients.id FROM patients WHERE patients.id = 3 AND patients.full_name IS NOT NULL; -- SQLAlchemy: is_not
SELECT treatments.patient_id AS k, treatments.id FROM treatments WHERE treatments.patient_id IN (1, 2, 3) ORDER BY treatments.id; -- SQLAlchemy: selectin
SELECT "patients".* FROM "patients" WHERE "patients"."id" = 3 LIMIT 1; -- Rails: find
SELECT "patients".* FROM "patients" WHERE "patients"."handle" = 'somebody' LIMIT 1; -- Rails: find_by
SELECT "patients".* FROM "patients" ORDER BY "patients"."id" ASC LIMIT 1; -- Rails: first
SELECT "patients".* FROM "patients" ORDER BY "patients"."id" DESC LIMIT 1; -- Rails: last
SELECT 1 AS one FROM "patients" WHERE "patients"."handle" = 'somebody' LIMIT 1; -- Rails: exists?
SELECT COUNT(*) FROM "patients"; -- Rails: count
SELECT COUNT(DISTINCT "patients"."city") FROM "patients"; -- Rails: distinct count
SELECT "patients"."full_name" FROM "patients" ORDER BY "patients"."id"; -- Rails: pluck
SELECT "treatments".* FROM "treatments" WHERE "treatments"."patient_id" IN (1, 2, 3) ORDER BY "treatments"."id"; -- Rails: includes
SELECT COUNT(*) AS "count_all", "patients"."city" AS "patients_city" FROM "patients" GROUP BY "patients"."city" ORDER BY 2; -- Rails: group.count
SELECT "patients"."id" AS t0_r0, "patients"."full_name" AS t0_r1, "treatments"."id" AS t1_r0 FROM "patients" LEFT OUTER JOIN "treatments" ON "treatments"."patient_id" = "patients"."id" WHERE "patients"."id" = 3 ORDER BY "treatments"."id"; -- Rails: eager_load
select p1_0.id, p1_0.full_name, p1_0.handle from patients p1_0 where p1_0.id = 3; -- Hibernate: find
select p1_0.id, p1_0.full_name from patients p1_0 order by p1_0.id offset 0 rows fetch first 5 rows only; -- Hibernate: page
select count(p1_0.id) from patients p1_0; -- Hibernate: count
select t1_0.patient_id, t1_0.id, t1_0.price from treatments t1_0 where t1_0.patient_id = 3 order by t1_0.id; -- Hibernate: collection
select count(*) from (select p1_0.id c0, p1_0.full_name c1 from patients p1_0) x; -- Hibernate: count of a query
SELECT "t0"."id", "t0"."full_name" FROM "public"."patients" AS "t0" WHERE ("t0"."id" = 3 AND 1=1) LIMIT 1 OFFSET 0; -- Prisma: findUnique
SELECT "public"."patients"."id", "public"."patients"."handle" FROM "public"."patients" WHERE "public"."patients"."handle" = 'somebody' LIMIT 1 OFFSET 0; -- Prisma: by handle
SELECT COUNT(*) FROM (SELECT "public"."patients"."id" FROM "public"."patients" WHERE 1=1 OFFSET 0) AS "sub"; -- Prisma: count
SELECT "p"."id" AS "p_id", "p"."full_name" AS "p_full_name" FROM "patients" "p" WHERE (("p"."id" = 3)) LIMIT 1; -- TypeORM: findOne
SELECT DISTINCT "distinctAlias"."p_id" AS "ids_p_id" FROM (SELECT "p"."id" AS "p_id", "p"."full_name" AS "n" FROM "patients" "p") "distinctAlias" ORDER BY "p_id" ASC LIMIT 5; -- TypeORM: page
SELECT t."Id", t."N" FROM (SELECT p.id AS "Id", p.full_name AS "N" FROM patients AS p ORDER BY p.id LIMIT 3) AS t ORDER BY t."Id"; -- Entity Framework: page
SELECT count(*)::int FROM patients AS p; -- Entity Framework: count
SELECT EXISTS (SELECT 1 FROM patients AS p WHERE p.city = 'Oslo'); -- Entity Framework: any
SELECT * FROM "patients" WHERE "patients"."id" = 3 AND "patients"."city" IS NOT NULL ORDER BY "patients"."id" LIMIT 1; -- GORM: first
SELECT count(*) FROM "patients" WHERE handle = 'somebody'; -- GORM: count by handle
BEGIN ;; SELECT id, full_name FROM patients WHERE id = 3 ;; COMMIT; -- in a transaction
SAVEPOINT s; SELECT 1; RELEASE SAVEPOINT s; -- a savepoint, which fails outside of a transaction as it does directly
